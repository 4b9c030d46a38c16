-- The first environment after $1 that has executions.
-- Zero rows: there is none.
SELECT environment_id
FROM executions
WHERE environment_id > $1
ORDER BY environment_id
LIMIT 1
