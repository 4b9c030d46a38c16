-- Deletes a secret; its version comes back.
-- Zero rows: there was none.
DELETE FROM secrets AS s WHERE s.environment_id = $1 AND s.name = $2 RETURNING s.version
