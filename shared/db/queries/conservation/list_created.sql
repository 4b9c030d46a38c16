-- The executions of environment $1 after the place ($2, $3) and before $4, in the order of creation.
-- Zero rows: no more. An event_type of null: the log lacks its first entry.
SELECT x.id, x.partition, x.workflow_id, x.workflow_version, x.event_key, x.status, x.created_at,
    x.lineage, e.told ->> 'type' AS event_type, e.told ->> 'receivedat' AS event_at
FROM executions AS x
LEFT JOIN execution_log AS l ON l.execution_id = x.id AND l.position = 1
CROSS JOIN LATERAL (
    -- What a step gives to an execution that it calls may hold U+0000, which Postgres does not read.
    SELECT CASE
        WHEN strpos(l.input::text, '\u0000') = 0 THEN l.input
        ELSE replace(l.input::text, '\u0000', '\u0001')::json
    END AS told
) AS e
WHERE x.environment_id = $1 AND (x.created_at, x.id) > ($2, $3::uuid) AND x.created_at < $4
ORDER BY x.created_at, x.id
LIMIT $5
