-- Makes these the schedules of a workflow itself. One that stays keeps its pause, what it knows of its
-- executions, and the time when it is due, unless it has rested. Of those that rest ($8) the ones stay,
-- and rest, that have a pause or know of an execution; the others go. No rows ever.
WITH gone AS (
    DELETE FROM schedules
    WHERE workflow_id = $1
        AND trigger_id IS NOT NULL
        AND trigger_id <> ALL ($4::text[])
        AND (
            (paused_at IS NULL AND last_at IS NULL AND queued_at IS NULL)
            OR trigger_id <> ALL ($8::text[])
        )
),
resting AS (
    UPDATE schedules
    SET is_resting = true, workflow_version = $3
    WHERE workflow_id = $1
        AND trigger_id = ANY ($8::text[])
        AND (paused_at IS NOT NULL OR last_at IS NOT NULL OR queued_at IS NOT NULL)
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
    next_at = CASE WHEN schedules.schedule = excluded.schedule AND NOT schedules.is_resting
        THEN coalesce(schedules.next_at, excluded.next_at) ELSE excluded.next_at END,
    delay_s = CASE WHEN schedules.schedule = excluded.schedule AND NOT schedules.is_resting
            AND schedules.next_at IS NOT NULL
        THEN schedules.delay_s ELSE excluded.delay_s END
