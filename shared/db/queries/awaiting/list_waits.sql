-- A page of the steps that wait for an event by a name, in the order in which they began to.
-- Zero rows: no more.
SELECT w.execution_id, w.step_id, w.attempt, w.since, w.data, e.event_key, e.created_at,
    e.workflow_id, e.workflow_version, q.workflow_id IS NOT NULL AS is_quarantined
FROM waits AS w
JOIN executions AS e ON e.id = w.execution_id
LEFT JOIN quarantines AS q
    ON q.workflow_id = e.workflow_id AND q.version = e.workflow_version AND q.released_at IS NULL
WHERE w.environment_id = $1 AND w.kind = 'event' AND w.subject = $2
    AND w.since >= $3
    AND (w.since, w.execution_id, w.step_id) > ($3, $4::uuid, $5)
ORDER BY w.since, w.execution_id, w.step_id
LIMIT $6
