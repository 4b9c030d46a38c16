-- The versions of an event type before a number, the latest first.
-- Zero rows: no more, or the type is not registered.
SELECT v.environment_id, v.name, v.uid, v.type, v.source, v.description, v.schema, v.metadata,
    v.updated_at, v.version
FROM event_type_versions AS v
INNER JOIN event_types AS t ON t.environment_id = v.environment_id AND t.name = v.name
WHERE v.environment_id = $1 AND v.name = $2 AND v.version < $3
ORDER BY v.version DESC
LIMIT $4
