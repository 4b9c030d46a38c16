-- What is known of the request that used a key.
-- Zero rows: it has just let go of it.
SELECT asked, held_at, done, status, headers, body
FROM idempotency_keys
WHERE environment_id = $1 AND key = $2
