-- The events on which some workflows are still to be decided.
-- Zero rows: all that came are decided.
SELECT l.event_key
FROM late_events AS l
ORDER BY l.environment_id, l.event_key
LIMIT $1
