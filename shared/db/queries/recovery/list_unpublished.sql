-- The log entries of a partition after a cursor, in order, each with its execution's origin.
-- Zero rows: everything written was published.
SELECT l.seq, l.execution_id, l.position, l.phases, l.step_id, l.attempt, l.status, l.input,
    l.output, l.error, l.started_at, l.ended_at, l.wake_at, l.handle,
    e.workflow_id, e.workflow_version, e.environment_id, e.event_key, e.lineage
FROM execution_log AS l
JOIN executions AS e ON e.id = l.execution_id
WHERE l.partition = $1 AND l.seq > $2
ORDER BY l.seq
LIMIT $3
