-- Events before a place in the order of arrival, the latest first; a null leaves its filter out.
-- Zero rows: no more.
SELECT e.record
FROM events AS e
WHERE e.environment_id = $1
    AND ($2::text IS NULL OR e.type = $2)
    AND ($3::timestamptz IS NULL OR (e.received_at, e.key) < ($3, $4::uuid))
ORDER BY e.received_at DESC, e.key DESC
LIMIT $5
