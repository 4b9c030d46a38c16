-- A schedule; of a step also its execution, with the size of the event it started with.
-- Zero rows: there is no such schedule, or it is a trigger's that rests and is not paused.
SELECT s.id, s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule,
    s.next_at, s.run_at, s.execution_id, s.step_id, s.is_resting, s.paused_at, s.paused_by,
    s.pause_note, s.last_at, s.last_execution_id, s.last_started_at, s.queued_at, s.skipped_at,
    s.skip_reason, x.lineage, x.status = 'CANCELLED' AS is_cancelled, octet_length(l.input::text) AS event_bytes
FROM schedules AS s
LEFT JOIN executions AS x ON x.id = s.execution_id
LEFT JOIN execution_log AS l ON l.execution_id = s.execution_id AND l.position = 1
WHERE s.id = $1 AND (s.step_id IS NOT NULL OR s.paused_at IS NOT NULL OR NOT s.is_resting)
