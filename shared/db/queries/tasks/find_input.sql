-- What a task was given, by the log, which has it whatever stands in its wait. A null: it was given nothing.
-- Zero rows: nobody waits for it any more.
SELECT l.input
FROM execution_log AS l
WHERE l.execution_id = $1 AND l.step_id = $2 AND l.attempt = $3 AND l.status = 'WAITING'
ORDER BY l.position
LIMIT 1
