-- How many secrets of all environments are under each key.
-- Zero rows: there is no secret.
SELECT s.key_id, count(*) AS secrets FROM secrets AS s GROUP BY s.key_id ORDER BY s.key_id LIMIT $1
