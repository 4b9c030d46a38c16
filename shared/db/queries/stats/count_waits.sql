-- How many steps wait now, by what they wait for; a null leaves the workflow out.
-- Zero rows: none does.
SELECT w.kind, count(*) AS count, min(w.since) AS oldest_at
FROM waits AS w
WHERE w.environment_id = $1
    AND (
        $2::uuid IS NULL
        OR EXISTS (SELECT FROM executions AS x WHERE x.id = w.execution_id AND x.workflow_id = $2)
    )
GROUP BY 1
ORDER BY 1
LIMIT $3
