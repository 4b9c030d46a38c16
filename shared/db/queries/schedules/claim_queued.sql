-- Schedules of which a time waits for nothing any more, locked until the end of the transaction; of
-- a step also its execution, with the size of the event it started with; and whether what the
-- schedule started last is under way: it has not ended, or was told to start after $2 and is not
-- there yet; and when its workflow was changed last.
-- Zero rows: none does, or others are at it.
SELECT s.id, s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule,
    s.next_at, s.run_at, s.execution_id, s.step_id, s.is_resting, s.paused_at, s.paused_by,
    s.pause_note, s.last_at, s.last_execution_id, s.last_started_at, s.queued_at, s.skipped_at,
    s.skip_reason, x.lineage, x.status = 'CANCELLED' AS is_cancelled, octet_length(l.input::text) AS event_bytes,
    false AS is_under_way, w.updated_at AS changed_at
FROM schedules AS s
JOIN workflows AS w ON w.id = s.workflow_id
LEFT JOIN executions AS x ON x.id = s.execution_id
LEFT JOIN execution_log AS l ON l.execution_id = s.execution_id AND l.position = 1
LEFT JOIN executions AS p ON p.id = s.last_execution_id
WHERE s.queued_at IS NOT NULL
    AND NOT s.is_resting
    AND s.paused_at IS NULL
    AND CASE WHEN p.id IS NULL THEN s.last_started_at <= $2 ELSE p.finished_at IS NOT NULL END
ORDER BY s.queued_at, s.id
LIMIT $1
FOR UPDATE OF s SKIP LOCKED
