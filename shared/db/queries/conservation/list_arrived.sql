-- The events of environment $1 after the place ($2, $3) and before $4, in the order of arrival, each
-- with the place of its record. Zero rows: no more. An origin of null: its key is gone.
SELECT e.key, e.environment_id, e.type, e.received_at, e.record, k.origin
FROM events AS e
LEFT JOIN event_keys AS k ON k.key = e.key
WHERE e.environment_id = $1
    AND e.received_on BETWEEN $5 AND $6
    AND (e.received_at, e.key) > ($2, $3::uuid)
    AND e.received_at < $4
ORDER BY e.received_at, e.key
LIMIT $7
