-- Secrets of an environment with names for people, in the order in which they were made.
-- Zero rows: there are none.
SELECT s.name, s.version, s.key_id, s.label, s.expires_at, s.created_at, s.updated_at
FROM secrets AS s
WHERE s.environment_id = $1 AND s.label IS NOT NULL
ORDER BY s.created_at, s.name
LIMIT $2
