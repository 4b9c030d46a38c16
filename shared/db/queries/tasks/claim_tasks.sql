-- Gives a worker the tasks of some actions that have waited longest and that nobody has, as its own
-- until $5; that counts as a sign of life. Zero rows: there is no task to be had.
WITH found AS (
    SELECT w.execution_id, w.step_id
    FROM unnest($2::text[]) AS a (action)
    CROSS JOIN LATERAL (
        SELECT w.execution_id, w.step_id, w.since
        FROM waits AS w
        WHERE w.environment_id = $1 AND w.kind = 'task' AND w.subject = a.action
            AND (w.claimed_until IS NULL OR w.claimed_until <= $4) AND w.due_at > $4
        ORDER BY w.since
        LIMIT $3
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS w
    ORDER BY w.since
    LIMIT $3
)
UPDATE waits AS w
SET claimed_until = $5, claimed_by = $6, beaten_at = $4
FROM found AS f, executions AS e
WHERE w.execution_id = f.execution_id AND w.step_id = f.step_id AND e.id = f.execution_id
RETURNING w.execution_id, w.step_id, w.attempt, e.workflow_id, w.since, w.due_at, w.data,
    w.progress
