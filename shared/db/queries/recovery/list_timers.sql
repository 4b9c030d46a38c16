-- Timers of a partition due before a time, earliest first.
-- Zero rows: none.
SELECT t.execution_id, t.due_at
FROM timers AS t
WHERE t.partition = $1 AND t.due_at < $2
ORDER BY t.due_at, t.execution_id
LIMIT $3
