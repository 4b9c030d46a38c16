-- The log entries of these executions after a place in it, by execution, each with its origin.
-- Zero rows: no more.
SELECT l.seq, l.execution_id, l.position, l.phases, l.step_id, l.attempt, l.status, l.input,
    l.output, l.error, l.started_at, l.ended_at, l.wake_at, l.handle,
    e.workflow_id, e.workflow_version, e.environment_id, e.event_key, e.lineage
FROM execution_log AS l
JOIN executions AS e ON e.id = l.execution_id
WHERE l.execution_id = ANY ($1::uuid[]) AND (l.execution_id, l.position) > ($2::uuid, $3)
ORDER BY l.execution_id, l.position
LIMIT $4
