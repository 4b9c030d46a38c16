-- The names of an environment's secrets that have not ended by $2.
-- Zero rows: it has none.
SELECT s.name
FROM secrets AS s
WHERE s.environment_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)
LIMIT $3
