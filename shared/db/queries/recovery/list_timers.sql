-- Timers of a partition after a timer and due before a time, earliest first, then by execution.
-- Zero rows: none.
SELECT t.execution_id, t.due_at
FROM timers AS t
WHERE t.partition = $1 AND (t.due_at, t.execution_id) > ($2, $3) AND t.due_at < $4
ORDER BY t.due_at, t.execution_id
LIMIT $5
