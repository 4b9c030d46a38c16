-- The log entries at these positions of executions, each with its execution's origin.
-- A place without a row has no entry.
SELECT l.seq, l.execution_id, l.position, l.phases, l.step_id, l.attempt, l.status, l.input,
    l.output, l.error, l.started_at, l.ended_at, l.wake_at, l.handle,
    e.workflow_id, e.workflow_version, e.environment_id, e.event_key, e.lineage
FROM unnest($1::uuid[], $2::int[]) AS asked (execution_id, position)
JOIN execution_log AS l USING (execution_id, position)
JOIN executions AS e ON e.id = l.execution_id
ORDER BY l.execution_id, l.position
LIMIT $3
