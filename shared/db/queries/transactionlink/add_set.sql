-- Keeps a set of parameters, unless its environment then has over $5.
-- Zero rows: it has $5 already.
INSERT INTO transactionlink_parameters (id, environment_id, parameters, created_at, updated_at)
SELECT $1, $2, $3, $4, $4
WHERE (SELECT count(*) FROM transactionlink_parameters AS o WHERE o.environment_id = $2) < $5
RETURNING id, environment_id, parameters, created_at, updated_at
