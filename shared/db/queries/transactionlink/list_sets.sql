-- An environment's sets of parameters in the order in which they were made, after one of them.
-- Zero rows: there are no more.
SELECT p.id, p.environment_id, p.parameters, p.created_at, p.updated_at
FROM transactionlink_parameters AS p
WHERE p.environment_id = $1
    AND ($2::timestamptz IS NULL OR (p.created_at, p.id) > ($2, $3))
ORDER BY p.created_at, p.id
LIMIT $4
