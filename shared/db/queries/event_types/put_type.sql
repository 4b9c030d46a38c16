-- Gives an event type this content, as a new version. Without a uid it keeps its own, or gets the one
-- for a new type. What was deleted and is put again goes on counting.
-- One row always: the type as it stands now, and whether there was none.
INSERT INTO event_types AS t (
    environment_id, name, uid, type, source, description, schema, metadata, updated_at, version
)
SELECT $1, $2, coalesce($3, $10), $4, $5, $6, $7, $8, $9, coalesce(max(v.version), 0) + 1
FROM event_type_versions AS v
WHERE v.environment_id = $1 AND v.name = $2
ON CONFLICT (environment_id, name) DO UPDATE
SET uid = coalesce($3, t.uid),
    type = excluded.type,
    source = excluded.source,
    description = excluded.description,
    schema = excluded.schema,
    metadata = excluded.metadata,
    updated_at = excluded.updated_at,
    version = greatest(excluded.version, t.version + 1)
RETURNING t.environment_id, t.name, t.uid, t.type, t.source, t.description, t.schema, t.metadata,
    t.updated_at, t.version, t.xmax = 0 AS is_new
