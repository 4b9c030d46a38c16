-- What events are called that have one of some uids.
-- Zero rows: none of them is registered.
SELECT t.uid, t.type
FROM event_types AS t
WHERE t.environment_id = $1 AND t.uid = ANY ($2::text[])
LIMIT $3
