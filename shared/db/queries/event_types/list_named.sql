-- The event types that some texts name: by their uid, or, where no type has that, by their name.
-- Zero rows: none of them is registered.
SELECT DISTINCT ON (n.said) n.said, t.environment_id, t.name, t.uid, t.type, t.source, t.description, t.schema,
    t.metadata, t.updated_at, t.version
FROM unnest($2::text[]) AS n (said)
JOIN event_types AS t ON t.environment_id = $1 AND (t.uid = n.said OR t.name = n.said)
ORDER BY n.said, t.uid = n.said DESC
LIMIT $3
