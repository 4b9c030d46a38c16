-- A version of an event type that is registered.
-- Zero rows: it never had that version, or is not there.
SELECT v.environment_id, v.name, v.uid, v.type, v.source, v.description, v.schema, v.metadata,
    v.updated_at, v.version
FROM event_type_versions AS v
INNER JOIN event_types AS t ON t.environment_id = v.environment_id AND t.name = v.name
WHERE v.environment_id = $1 AND v.name = $2 AND v.version = $3
