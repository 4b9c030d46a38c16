-- Which of these executions are there.
-- Zero rows: none.
SELECT id
FROM executions
WHERE id = ANY ($1::uuid[])
ORDER BY id
LIMIT $2
