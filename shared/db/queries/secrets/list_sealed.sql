-- Those of the named secrets of an environment that there are and have not ended by $3, encrypted.
-- Zero rows: there are none; never more than are named.
SELECT s.environment_id, s.name, s.version, s.key_id, s.nonce, s.ciphertext
FROM secrets AS s
WHERE s.environment_id = $1
    AND s.name = ANY ($2)
    AND (s.expires_at IS NULL OR s.expires_at > $3)
LIMIT cardinality($2::text[])
