-- The log of an execution after a position, in order.
-- Zero rows: no more.
SELECT l.position, l.phases, l.step_id, l.attempt, l.status, l.input, l.output, l.error,
    l.started_at, l.ended_at, l.wake_at, l.handle
FROM execution_log AS l
WHERE l.execution_id = $1 AND l.position > $2
ORDER BY l.position
LIMIT $3
