-- The names of an environment's secrets.
-- Zero rows: it has none.
SELECT s.name FROM secrets AS s WHERE s.environment_id = $1 LIMIT $2
