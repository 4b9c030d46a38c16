-- Secrets of all environments after a place that are not under the key $3, not changed by others
-- until the transaction ends. Zero rows: no more.
SELECT k.id, k.environment_id, k.subscription_id, k.form, k.key_id, k.nonce, k.ciphertext
FROM signing_secrets AS k
WHERE k.key_id <> $3 AND (k.environment_id, k.id::text) > ($1, $2)
ORDER BY k.environment_id, k.id::text
LIMIT $4
FOR UPDATE
