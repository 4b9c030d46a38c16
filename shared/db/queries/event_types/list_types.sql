-- Event types after a name, in the order of names.
-- Zero rows: no more.
SELECT t.environment_id, t.name, t.uid, t.type, t.source, t.description, t.schema, t.metadata,
    t.updated_at, t.version
FROM event_types AS t
WHERE t.environment_id = $1 AND t.name > $2
ORDER BY t.name
LIMIT $3
