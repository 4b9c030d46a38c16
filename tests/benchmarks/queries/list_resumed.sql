-- Of executions whose sleep has ended: when that was, and when they completed; at most $1 of them.
-- Zero rows: none has woken.
SELECT l.ended_at AS resumed_at, e.finished_at AS completed_at
FROM execution_log AS l
JOIN executions AS e ON e.id = l.execution_id
WHERE l.step_id = 'sleep' AND l.status = 'COMPLETED' AND e.status = 'COMPLETED'
ORDER BY l.ended_at
LIMIT $1
