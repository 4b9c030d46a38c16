-- Keeps a secret's value, as version 1 or as the next one, unless the environment then has over $8.
-- Zero rows: it has $8 secrets already, and this is not one of them.
INSERT INTO secrets AS s (
    environment_id, name, version, key_id, nonce, ciphertext, created_at, created_by, updated_at,
    updated_by
)
SELECT $1, $2, 1, $3, $4, $5, $6, $7, $6, $7
WHERE EXISTS (SELECT FROM secrets AS o WHERE o.environment_id = $1 AND o.name = $2)
    OR (SELECT count(*) FROM secrets AS o WHERE o.environment_id = $1) < $8
ON CONFLICT (environment_id, name) DO UPDATE
SET version = s.version + 1, key_id = excluded.key_id, nonce = excluded.nonce,
    ciphertext = excluded.ciphertext, updated_at = excluded.updated_at,
    updated_by = excluded.updated_by
RETURNING s.environment_id, s.name, s.version, s.key_id, s.created_at, s.created_by, s.updated_at,
    s.updated_by
