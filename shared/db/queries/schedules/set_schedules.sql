-- Makes these the schedules of a workflow itself; one that stays keeps the time when it is due.
-- No rows ever.
WITH gone AS (
    DELETE FROM schedules
    WHERE workflow_id = $1 AND trigger_id IS NOT NULL AND trigger_id <> ALL ($4::text[])
)
INSERT INTO schedules (
    workflow_id, trigger_id, environment_id, workflow_version, schedule, next_at
)
SELECT $1, s.trigger_id, $2, $3, s.schedule, s.next_at
FROM unnest($4::text[], $5::text[], $6::timestamptz[]) AS s (trigger_id, schedule, next_at)
ON CONFLICT (workflow_id, trigger_id) DO UPDATE
SET environment_id = excluded.environment_id,
    workflow_version = excluded.workflow_version,
    schedule = excluded.schedule,
    next_at = CASE WHEN schedules.schedule = excluded.schedule
        THEN schedules.next_at ELSE excluded.next_at END
