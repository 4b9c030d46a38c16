-- What is known of a secret beside its value.
-- Zero rows: there is none.
SELECT s.environment_id, s.name, s.version, s.key_id, s.created_at, s.created_by, s.updated_at,
    s.updated_by
FROM secrets AS s
WHERE s.environment_id = $1 AND s.name = $2
