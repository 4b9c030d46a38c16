-- Schedules that are due, locked until the end of the transaction: those that have been so for longest
-- in their environments, then those that come after them. See claim_queued.sql for the rest of a row.
-- Zero rows: none is, or others are at it.
WITH found AS MATERIALIZED (
    SELECT d.id, d.nth
    FROM (
        SELECT s.id, s.run_at,
            row_number() OVER (PARTITION BY s.environment_id ORDER BY s.run_at, s.id) AS nth
        FROM schedules AS s
        WHERE s.run_at <= $1 AND NOT s.is_resting AND s.paused_at IS NULL
    ) AS d
    ORDER BY d.nth, d.run_at, d.id
    LIMIT $4
)
SELECT s.id, s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule,
    s.next_at, s.run_at, s.execution_id, s.step_id, s.is_resting, s.paused_at, s.paused_by,
    s.pause_note, s.last_at, s.last_execution_id, s.last_started_at, s.queued_at, s.skipped_at,
    s.skip_reason, x.lineage, x.status = 'CANCELLED' AS is_cancelled, octet_length(l.input::text) AS event_bytes,
    CASE WHEN p.id IS NULL THEN s.last_started_at > $3 ELSE p.finished_at IS NULL END AS is_under_way,
    w.updated_at AS changed_at
FROM found AS f
JOIN schedules AS s USING (id)
JOIN workflows AS w ON w.id = s.workflow_id
LEFT JOIN executions AS x ON x.id = s.execution_id
LEFT JOIN execution_log AS l ON l.execution_id = s.execution_id AND l.position = 1
LEFT JOIN executions AS p ON p.id = s.last_execution_id
WHERE s.run_at <= $1 AND NOT s.is_resting AND s.paused_at IS NULL
ORDER BY f.nth, s.run_at, s.id
LIMIT $2
FOR UPDATE OF s SKIP LOCKED
