-- What is known of the events of these keys; a record of null: it is not in the archive.
-- A key without a row has never been seen, or is forgotten.
SELECT k.key, k.origin, k.body_hash, k.received_on, e.record
FROM event_keys AS k
LEFT JOIN events AS e ON e.received_on = k.received_on AND e.key = k.key
WHERE k.key = ANY ($1::uuid[])
ORDER BY k.key
LIMIT $2
