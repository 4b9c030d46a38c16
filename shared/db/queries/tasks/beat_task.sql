-- As beat_tasks for one task, for whose row it waits.
-- Zero rows: nobody waits for the task in that attempt.
UPDATE waits AS w
SET beaten_at = greatest(w.beaten_at, $6),
    progress = coalesce($4, w.progress),
    claimed_until = coalesce($5, w.claimed_until)
WHERE w.execution_id = $1 AND w.step_id = $2 AND w.attempt = $3 AND w.kind = 'task'
RETURNING w.execution_id
