-- The events of a type, or of types with a beginning, after a place in the order of arrival, the
-- earliest first. Zero rows: no more have arrived.
SELECT e.record
FROM events AS e
WHERE e.environment_id = $1
    AND e.received_on >= ($2::timestamptz AT TIME ZONE 'UTC')::date
    AND (e.received_at, e.key) > ($2, $3::uuid)
    AND CASE WHEN $5 THEN starts_with(e.type, $4) ELSE e.type = $4 END
ORDER BY e.received_at, e.key
LIMIT $6
