-- Gives an event type this content. Without a uid it keeps its own, or gets the one for a new type.
-- One row always: the type as it stands now, and whether there was none.
INSERT INTO event_types AS t (
    environment_id, name, uid, type, source, description, schema, metadata, updated_at
)
VALUES ($1, $2, coalesce($3, $10), $4, $5, $6, $7, $8, $9)
ON CONFLICT (environment_id, name) DO UPDATE
SET uid = coalesce($3, t.uid),
    type = excluded.type,
    source = excluded.source,
    description = excluded.description,
    schema = excluded.schema,
    metadata = excluded.metadata,
    updated_at = excluded.updated_at
RETURNING t.environment_id, t.name, t.uid, t.type, t.source, t.description, t.schema, t.metadata,
    t.updated_at, t.xmax = 0 AS is_new
