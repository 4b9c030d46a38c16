-- An environment's own secrets of a form that count, the latest first.
-- Zero rows: none counts.
SELECT k.id, k.environment_id, k.subscription_id, k.form, k.key_id, k.nonce, k.ciphertext
FROM signing_secrets AS k
WHERE k.environment_id = $1 AND k.subscription_id IS NULL AND k.form = $2
    AND (k.expires_at IS NULL OR k.expires_at > $3)
ORDER BY k.created_at DESC, k.id
LIMIT $4
