-- The workflows with most executions that were created in a span ($2 to $3), and how those stand and how
-- long the completed ones took; before them a row without a workflow, for all of them.
-- One row at least.
WITH counted AS (
    SELECT x.workflow_id,
        count(*) AS started,
        count(*) FILTER (WHERE x.status = 'COMPLETED') AS completed,
        count(*) FILTER (WHERE x.status = 'FAILED') AS failed,
        count(*) FILTER (WHERE x.status = 'CANCELLED') AS cancelled,
        count(*) FILTER (WHERE x.status = 'EXPIRED') AS expired,
        percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
            ORDER BY x.finished_at - x.created_at
        ) FILTER (WHERE x.status = 'COMPLETED') AS took
    FROM executions AS x
    WHERE x.environment_id = $1
        AND x.created_at >= $2
        AND x.created_at < $3
        AND ($4::uuid IS NULL OR x.workflow_id = $4)
    GROUP BY GROUPING SETS ((), (x.workflow_id))
    ORDER BY GROUPING(x.workflow_id) DESC, 2 DESC, 1
    LIMIT $5
)
SELECT c.workflow_id, v.definition ->> 'name' AS name, c.started, c.completed, c.failed, c.cancelled,
    c.expired, c.took
FROM counted AS c
LEFT JOIN workflows AS w ON w.id = c.workflow_id
LEFT JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
ORDER BY c.workflow_id IS NOT NULL, c.started DESC, c.workflow_id
LIMIT $5
