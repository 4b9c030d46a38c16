-- Records that came under an event's key with another body, earliest first.
-- Zero rows: none did.
SELECT c.origin, c.received_at, c.record
FROM event_conflicts AS c
WHERE c.key = $1
ORDER BY c.received_at, c.origin
LIMIT $2
