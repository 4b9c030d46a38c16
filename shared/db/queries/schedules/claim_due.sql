-- Schedules that are due, the longest due first, locked until the end of the transaction; of a step
-- also its execution, with the event it started with. Zero rows: none is, or others are at it.
SELECT s.id, s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule,
    s.next_at, s.execution_id, s.step_id, s.is_resting, x.lineage, x.status = 'CANCELLED' AS is_cancelled,
    l.input AS event
FROM schedules AS s
LEFT JOIN executions AS x ON x.id = s.execution_id
LEFT JOIN execution_log AS l ON l.execution_id = s.execution_id AND l.position = 1
WHERE s.next_at <= $1 AND NOT s.is_resting
ORDER BY s.next_at, s.id
LIMIT $2
FOR UPDATE OF s SKIP LOCKED
