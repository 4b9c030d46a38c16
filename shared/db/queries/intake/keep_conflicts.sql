-- Keeps records that use the key of another event, once for each place they came from.
-- Zero rows always.
INSERT INTO event_conflicts (key, origin, received_at, record)
SELECT c.key, c.origin, c.received_at, c.record
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::json[])
    AS c (key, origin, received_at, record)
ORDER BY c.key, c.origin
ON CONFLICT (key, origin) DO NOTHING
