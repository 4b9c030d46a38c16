-- Deletes a set of parameters.
-- Zero rows: there is none.
DELETE FROM transactionlink_parameters AS p WHERE p.environment_id = $1 AND p.id = $2 RETURNING p.id
