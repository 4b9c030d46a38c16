-- The versions of an action before a number, the latest first.
-- Zero rows: no more, or the action is deleted, or there was never one of this name.
SELECT a.environment_id, a.name, a.version, a.transport, a.url, a.input_schema, a.output_schema,
    a.description, a.category, a.source, a.timeout_s, a.throttle, a.metadata, a.is_deleted,
    a.updated_at
FROM actions AS a
WHERE a.environment_id = $1 AND a.name = $2 AND a.version < $3
    AND NOT (
        SELECT l.is_deleted FROM actions AS l
        WHERE l.environment_id = $1 AND l.name = $2
        ORDER BY l.version DESC
        LIMIT 1
    )
ORDER BY a.version DESC
LIMIT $4
