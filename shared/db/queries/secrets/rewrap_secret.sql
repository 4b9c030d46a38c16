-- Keeps the same value under another key; to be called for a row that is locked.
-- No row comes back.
UPDATE secrets SET key_id = $3, nonce = $4, ciphertext = $5 WHERE environment_id = $1 AND name = $2
