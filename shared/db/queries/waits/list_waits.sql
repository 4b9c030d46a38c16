-- Open waits after a place in the order in which they began; a null leaves its filter out.
-- Zero rows: no more.
SELECT w.execution_id, w.step_id, w.environment_id, x.workflow_id, x.workflow_version, w.kind,
    w.subject, w.attempt, w.since, w.due_at, w.data, w.beaten_at, w.progress, w.claimed_by,
    w.claimed_until
FROM waits AS w
JOIN executions AS x ON x.id = w.execution_id
WHERE w.environment_id = $1
    AND ($2::text IS NULL OR w.kind = $2)
    AND ($3::text IS NULL OR w.subject = $3)
    AND ($4::uuid IS NULL OR w.execution_id = $4)
    AND ($5::timestamptz IS NULL OR (w.since, w.execution_id, w.step_id) > ($5, $6::uuid, $7::text))
ORDER BY w.since, w.execution_id, w.step_id
LIMIT $8
