-- Archives the events whose keys are new, and tells of every given key what was known before.
-- A key that is neither new nor known was archived by another at this moment: ask again.
WITH given AS (
    SELECT g.key, g.received_on, g.environment_id, g.type, g.received_at, g.record, g.body_hash,
        g.origin
    FROM unnest(
        $1::uuid[], $2::date[], $3::uuid[], $4::text[], $5::timestamptz[], $6::json[],
        $7::bytea[], $8::text[]
    ) AS g (key, received_on, environment_id, type, received_at, record, body_hash, origin)
),
fresh AS (
    INSERT INTO event_keys (key, received_on, body_hash, origin)
    SELECT key, received_on, body_hash, origin FROM given ORDER BY key
    ON CONFLICT (key) DO NOTHING
    RETURNING key
),
archived AS (
    INSERT INTO events (received_on, key, environment_id, type, received_at, record)
    SELECT g.received_on, g.key, g.environment_id, g.type, g.received_at, g.record
    FROM given AS g JOIN fresh USING (key)
)
SELECT g.key, fresh.key IS NOT NULL AS is_new, known.origin, known.body_hash, known.received_on
FROM given AS g
LEFT JOIN fresh USING (key)
LEFT JOIN event_keys AS known ON known.key = g.key
