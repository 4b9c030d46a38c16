-- Keeps the same value under another key; to be called for a row that is locked.
-- No row comes back.
UPDATE signing_secrets SET key_id = $2, nonce = $3, ciphertext = $4 WHERE id = $1
