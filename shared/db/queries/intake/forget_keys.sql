-- Forgets some keys of events received before a date: after that the same id is a new event.
-- Zero rows: none that old.
WITH old AS (
    SELECT key FROM event_keys WHERE received_on < $1 LIMIT $2
)
DELETE FROM event_keys AS k USING old WHERE k.key = old.key
RETURNING k.key
