-- Of executions whose sleep has ended since $1: when that was, and when they completed; at most $2.
-- Zero rows: none has woken.
SELECT l.ended_at AS resumed_at, e.finished_at AS completed_at
FROM execution_log AS l
JOIN executions AS e ON e.id = l.execution_id
WHERE l.step_id = 'sleep' AND l.status = 'COMPLETED' AND e.status = 'COMPLETED'
    AND l.ended_at >= $1
ORDER BY l.ended_at
LIMIT $2
