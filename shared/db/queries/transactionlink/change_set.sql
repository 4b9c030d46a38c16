-- Puts other parameters in the place of a set's own.
-- Zero rows: there is none.
UPDATE transactionlink_parameters AS p
SET parameters = $3, updated_at = $4
WHERE p.environment_id = $1 AND p.id = $2
RETURNING p.id, p.environment_id, p.parameters, p.created_at, p.updated_at
