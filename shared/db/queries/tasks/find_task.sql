-- Whether somebody waits for a task in that attempt, of an execution that there is.
-- Zero rows: there is no such execution.
SELECT EXISTS (
    SELECT FROM waits AS w
    WHERE w.execution_id = e.id AND w.step_id = $2 AND w.attempt = $3 AND w.kind = 'task'
) AS is_open
FROM executions AS e
WHERE e.id = $1
