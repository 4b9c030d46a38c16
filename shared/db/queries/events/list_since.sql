-- The events of a type, or of types with a beginning, that arrived since a time, earliest first.
-- Zero rows: none arrived.
SELECT e.record
FROM events AS e
WHERE e.environment_id = $1
    AND e.received_on >= ($2::timestamptz AT TIME ZONE 'UTC')::date
    AND e.received_at >= $2
    AND CASE WHEN $4 THEN starts_with(e.type, $3) ELSE e.type = $3 END
ORDER BY e.received_at, e.key
LIMIT $5
