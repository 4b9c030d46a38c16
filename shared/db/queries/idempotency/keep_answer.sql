-- Keeps the answer to the request that holds a key.
-- No rows: nothing is kept for one that holds it no more.
UPDATE idempotency_keys
SET status = $4, headers = $5, body = $6
WHERE environment_id = $1 AND key = $2 AND holder = $3
