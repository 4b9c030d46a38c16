-- Frees the key of a request that has changed nothing.
-- No rows.
DELETE FROM idempotency_keys
WHERE environment_id = $1 AND key = $2 AND holder = $3 AND done IS NULL AND status IS NULL
