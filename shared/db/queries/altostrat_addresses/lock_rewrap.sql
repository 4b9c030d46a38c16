-- Sealed tokens of all environments after a place that are not under the key $3, not changed by others
-- until the transaction ends. Zero rows: no more.
SELECT a.workflow_id, a.environment_id, a.key_id, a.nonce, a.ciphertext
FROM altostrat_addresses AS a
WHERE a.key_id <> $3 AND (a.environment_id, a.workflow_id::text COLLATE "C") > ($1, $2)
ORDER BY a.environment_id, a.workflow_id::text COLLATE "C"
LIMIT $4
FOR UPDATE
