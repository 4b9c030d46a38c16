-- The sealed tokens of those of some workflows that have one.
-- Zero rows: none has.
SELECT a.workflow_id, a.environment_id, a.key_id, a.nonce, a.ciphertext
FROM altostrat_addresses AS a
WHERE a.workflow_id = ANY ($1)
LIMIT cardinality($1::uuid[])
