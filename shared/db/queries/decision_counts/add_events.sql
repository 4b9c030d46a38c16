-- Adds to how often events came that triggers name; each name comes once, in the order of the key.
-- No rows ever.
INSERT INTO trigger_counts AS c (environment_id, event_name, day, events)
SELECT n.environment_id, n.event_name, n.day, n.events
FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[])
    AS n (environment_id, event_name, day, events)
ON CONFLICT (environment_id, event_name, day) DO UPDATE SET events = c.events + excluded.events
