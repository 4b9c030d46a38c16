-- Keeps a new key.
-- No row comes back; ForeignKeyViolation: its environment is not there.
INSERT INTO api_keys (
    id, environment_id, name, prefix, hash, scopes, created_at, created_by, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
