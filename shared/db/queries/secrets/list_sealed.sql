-- Those of the named secrets of an environment that there are, encrypted.
-- Zero rows: there are none; never more than are named.
SELECT s.environment_id, s.name, s.version, s.key_id, s.nonce, s.ciphertext
FROM secrets AS s
WHERE s.environment_id = $1 AND s.name = ANY ($2)
LIMIT cardinality($2::text[])
