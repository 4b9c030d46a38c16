-- The latest version of each action after a name, in the order of names.
-- Zero rows: no more.
SELECT a.environment_id, a.name, a.version, a.transport, a.url, a.input_schema, a.output_schema,
    a.description, a.category, a.source, a.timeout_s, a.throttle, a.metadata, a.is_deleted,
    a.updated_at
FROM (
    SELECT DISTINCT ON (v.name) v.environment_id, v.name, v.version, v.transport, v.url,
        v.input_schema, v.output_schema, v.description, v.category, v.source, v.timeout_s,
        v.throttle, v.metadata, v.is_deleted, v.updated_at
    FROM actions AS v
    WHERE v.environment_id = $1 AND v.name > $2
    ORDER BY v.name, v.version DESC
) AS a
WHERE NOT a.is_deleted
ORDER BY a.name
LIMIT $3
