-- Makes these the schedules of a workflow itself; one that stays keeps the time when it is due, and
-- its pause. Of those that rest ($8) the paused ones stay, and rest. No rows ever.
WITH gone AS (
    DELETE FROM schedules
    WHERE workflow_id = $1
        AND trigger_id IS NOT NULL
        AND trigger_id <> ALL ($4::text[])
        AND (paused_at IS NULL OR trigger_id <> ALL ($8::text[]))
),
resting AS (
    UPDATE schedules
    SET is_resting = true, workflow_version = $3
    WHERE workflow_id = $1 AND trigger_id = ANY ($8::text[]) AND paused_at IS NOT NULL
)
INSERT INTO schedules (
    workflow_id, trigger_id, environment_id, workflow_version, schedule, next_at, delay_s
)
SELECT $1, s.trigger_id, $2, $3, s.schedule, s.next_at, s.delay_s
FROM unnest($4::text[], $5::text[], $6::timestamptz[], $7::double precision[])
    AS s (trigger_id, schedule, next_at, delay_s)
ON CONFLICT (workflow_id, trigger_id) DO UPDATE
SET environment_id = excluded.environment_id,
    workflow_version = excluded.workflow_version,
    schedule = excluded.schedule,
    is_resting = false,
    next_at = CASE WHEN schedules.schedule = excluded.schedule
        THEN coalesce(schedules.next_at, excluded.next_at) ELSE excluded.next_at END,
    delay_s = CASE WHEN schedules.schedule = excluded.schedule AND schedules.next_at IS NOT NULL
        THEN schedules.delay_s ELSE excluded.delay_s END
