-- Gives a secret a name for people, and an end.
-- Zero rows: there is no such secret.
UPDATE secrets AS s
SET label = $3, expires_at = $4, updated_at = $5, updated_by = $6
WHERE s.environment_id = $1 AND s.name = $2
RETURNING s.name, s.version, s.key_id, s.label, s.expires_at, s.created_at, s.updated_at
