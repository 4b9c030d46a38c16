-- Turns given before a time that a crash may have left: their execution has ended, or waits all the same.
-- One that was told something and has not taken it in sees its turn when it does. Zero rows: none.
SELECT t.execution_id, (e.id IS NULL OR e.finished_at IS NOT NULL) AS is_over
FROM turns AS t
LEFT JOIN executions AS e ON e.id = t.execution_id
LEFT JOIN waits AS w ON w.execution_id = t.execution_id AND w.kind = 'turn'
WHERE t.granted_at < $1
    AND (
        e.id IS NULL
        OR e.finished_at IS NOT NULL
        OR (
            w.execution_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM inbox AS i WHERE i.execution_id = t.execution_id)
        )
    )
ORDER BY t.granted_at
LIMIT $2
