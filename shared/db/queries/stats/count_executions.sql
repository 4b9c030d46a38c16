-- Executions that were created ($2 to $3) and that ended in a span, by the bucket of $5 and their status.
-- Of those that ended only the ones count that were created at $6 or later.
-- Zero rows: there were none.
SELECT date_bin($5, t.at, $2) AS at, t.is_end, x.status, count(*) AS count
FROM executions AS x
CROSS JOIN LATERAL (VALUES (x.created_at, false), (x.finished_at, true)) AS t (at, is_end)
WHERE x.environment_id = $1
    AND x.created_at >= $6
    AND x.created_at < $3
    AND ($4::uuid IS NULL OR x.workflow_id = $4)
    AND t.at >= $2
    AND t.at < $3
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
LIMIT $7
