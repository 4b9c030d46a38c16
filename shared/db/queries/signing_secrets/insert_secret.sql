-- Keeps a new secret.
-- No row comes back.
INSERT INTO signing_secrets (
    id, environment_id, subscription_id, form, ending, public_key, key_id, nonce, ciphertext,
    created_at
)
VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, $9, $10)
