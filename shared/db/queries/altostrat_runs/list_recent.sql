-- Of each of Altostrat's workflows the last attempt in the log of its last execution, latest first.
-- Zero rows: none was ever started.
SELECT w.id AS workflow_id, x.id AS execution_id, x.workflow_version, l.position
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
CROSS JOIN LATERAL (
    SELECT e.id, e.workflow_version
    FROM executions AS e
    WHERE e.workflow_id = w.id
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT 1
) AS x
CROSS JOIN LATERAL (
    SELECT g.position, g.ended_at
    FROM execution_log AS g
    WHERE g.execution_id = x.id AND g.step_id !~ '^[$]'
    ORDER BY g.position DESC
    LIMIT 1
) AS l
WHERE w.environment_id = $1 AND NOT w.is_deleted AND v.dialect = 'altostrat'
ORDER BY l.ended_at DESC, w.id
LIMIT $2
