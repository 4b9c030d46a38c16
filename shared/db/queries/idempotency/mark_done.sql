-- Writes down what the request that holds a key changes; of several changes the first.
-- Zero rows: it holds the key no more.
UPDATE idempotency_keys
SET done = coalesce(done, $4)
WHERE environment_id = $1 AND key = $2 AND holder = $3
RETURNING done
