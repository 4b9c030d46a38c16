-- An archived event by its key.
-- Zero rows: it has not arrived, or its day has been dropped.
SELECT e.record, e.received_at
FROM event_keys AS k
JOIN events AS e ON e.received_on = k.received_on AND e.key = k.key
WHERE k.key = $1
