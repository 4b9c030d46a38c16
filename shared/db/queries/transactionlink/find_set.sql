-- A set of parameters.
-- Zero rows: there is none.
SELECT p.id, p.environment_id, p.parameters, p.created_at, p.updated_at
FROM transactionlink_parameters AS p
WHERE p.environment_id = $1 AND p.id = $2
