-- All its workflows are decided.
-- No rows ever.
DELETE FROM late_events WHERE environment_id = $1 AND event_key = $2
