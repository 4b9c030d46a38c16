-- Secrets of an environment, without their values, in the order of names after $2.
-- Zero rows: no more.
SELECT s.environment_id, s.name, s.version, s.key_id, s.created_at, s.created_by, s.updated_at,
    s.updated_by
FROM secrets AS s
WHERE s.environment_id = $1 AND s.name > $2
ORDER BY s.name
LIMIT $3
