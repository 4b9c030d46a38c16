-- Forgets an event type.
-- Zero rows: there is none of that name.
DELETE FROM event_types WHERE environment_id = $1 AND name = $2 RETURNING name
