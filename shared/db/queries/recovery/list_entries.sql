-- The whole log of these executions, each in its order.
-- An id without rows has written nothing yet.
SELECT l.execution_id, l.position, l.phases, l.step_id, l.attempt, l.status, l.input, l.output,
    l.error, l.started_at, l.ended_at, l.wake_at, l.handle
FROM execution_log AS l
WHERE l.execution_id = ANY ($1::uuid[])
ORDER BY l.execution_id, l.position
LIMIT $2
