-- The executions of environment $1 after the place ($2, $3) and before $4, in the order of creation.
-- Zero rows: no more. An event_type of null: the log lacks its first entry.
SELECT x.id, x.partition, x.workflow_id, x.workflow_version, x.event_key, x.status, x.created_at,
    x.lineage, l.input ->> 'type' AS event_type
FROM executions AS x
LEFT JOIN execution_log AS l ON l.execution_id = x.id AND l.position = 1
WHERE x.environment_id = $1 AND (x.created_at, x.id) > ($2, $3::uuid) AND x.created_at < $4
ORDER BY x.created_at, x.id
LIMIT $5
