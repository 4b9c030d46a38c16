-- The last sign of life of the remote tasks that these executions wait for.
-- Zero rows: no worker has shown any.
SELECT w.execution_id, w.step_id, w.attempt, w.beaten_at
FROM waits AS w
WHERE w.execution_id = ANY ($1::uuid[]) AND w.kind = 'task' AND w.beaten_at IS NOT NULL
ORDER BY w.execution_id, w.step_id
LIMIT $2
