-- How the latest $3 executions of Altostrat's workflows since $2 stand, and how long the completed took.
-- Zero rows: there were none.
SELECT s.status, s.asks, count(*) AS count,
    coalesce(sum(extract(epoch FROM s.finished_at - s.created_at)), 0)::float8 AS took_s
FROM (
    SELECT x.status, x.created_at, x.finished_at,
        EXISTS (
            SELECT FROM waits AS w WHERE w.execution_id = x.id AND w.kind IN ('approval', 'form')
        ) AS asks
    FROM executions AS x
    WHERE x.environment_id = $1
        AND x.created_at >= $2
        AND EXISTS (
            SELECT
            FROM workflow_versions AS v
            WHERE v.workflow_id = x.workflow_id
                AND v.version = x.workflow_version
                AND v.dialect = 'altostrat'
        )
    ORDER BY x.created_at DESC, x.id DESC
    LIMIT $3
) AS s
GROUP BY s.status, s.asks
ORDER BY s.status, s.asks
LIMIT 100
