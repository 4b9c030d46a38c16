-- Secrets of all environments after a place that are not under the key $3, not changed by others
-- until the transaction ends. Zero rows: no more.
SELECT s.environment_id, s.name, s.version, s.key_id, s.nonce, s.ciphertext
FROM secrets AS s
WHERE s.key_id <> $3 AND (s.environment_id, s.name) > ($1, $2)
ORDER BY s.environment_id, s.name
LIMIT $4
FOR UPDATE
