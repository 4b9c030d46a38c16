-- Keeps the sealed token of a workflow's webhook, in place of an earlier one.
-- No rows ever.
INSERT INTO altostrat_addresses (workflow_id, environment_id, key_id, nonce, ciphertext)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workflow_id) DO UPDATE
SET key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext
