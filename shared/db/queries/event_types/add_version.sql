-- Keeps an event type as it stands now, which it may become again as another version.
-- No rows.
INSERT INTO event_type_versions (
    environment_id, name, version, uid, type, source, description, schema, metadata, updated_at
)
SELECT t.environment_id, t.name, t.version, t.uid, t.type, t.source, t.description, t.schema,
    t.metadata, t.updated_at
FROM event_types AS t
WHERE t.environment_id = $1 AND t.name = $2
