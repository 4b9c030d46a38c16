-- Schedules after a place in the order of next_at and id, those never due again last; a null leaves
-- a condition out. Those of steps whose execution was cancelled have ended, and triggers that rest have
-- only what they know, unless they are paused. Zero rows: no more.
SELECT s.id, s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule,
    s.next_at, s.run_at, s.execution_id, s.step_id, s.is_resting, s.paused_at, s.paused_by,
    s.pause_note, s.last_at, s.last_execution_id, s.last_started_at, s.queued_at, s.skipped_at,
    s.skip_reason
FROM schedules AS s
LEFT JOIN executions AS x ON x.id = s.execution_id
WHERE s.environment_id = $1
    AND ($2::uuid IS NULL OR s.workflow_id = $2)
    AND ($3::uuid IS NULL OR s.execution_id = $3)
    AND ($4::timestamptz IS NULL OR (coalesce(s.next_at, $7), s.id) > ($4, $5::uuid))
    AND x.status IS DISTINCT FROM 'CANCELLED'
    AND (s.step_id IS NOT NULL OR s.paused_at IS NOT NULL OR NOT s.is_resting)
ORDER BY s.next_at, s.id
LIMIT $6
