-- A secret with a name for people.
-- Zero rows: there is none.
SELECT s.name, s.version, s.key_id, s.label, s.expires_at, s.created_at, s.updated_at
FROM secrets AS s
WHERE s.environment_id = $1 AND s.name = $2 AND s.label IS NOT NULL
