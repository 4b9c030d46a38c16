-- How some executions stand, at most $2 of them.
-- A row short: that one has not started.
SELECT x.id, x.status
FROM executions AS x
WHERE x.id = ANY ($1::uuid[])
LIMIT $2
