-- Makes these the schedules of a workflow itself, live or not ($8); $6 and $7 are null for one that is
-- never due again. One that stays keeps its pause, what it knows of its executions, a time that waits,
-- and the time when it is due, unless it has rested. One that is never due again stays while a time of
-- it has not started. Of those that rest the ones stay, and rest, that have a pause or know of an
-- execution; the others go. No rows ever.
WITH gone AS (
    DELETE FROM schedules
    WHERE workflow_id = $1
        AND trigger_id IS NOT NULL
        AND CASE
            WHEN trigger_id <> ALL ($4::text[]) THEN true
            WHEN NOT $8::boolean THEN paused_at IS NULL AND last_at IS NULL AND queued_at IS NULL
            WHEN ($6::timestamptz[])[array_position($4, trigger_id)] IS NOT NULL THEN false
            ELSE schedule <> ($5::text[])[array_position($4, trigger_id)]
                OR (queued_at IS NULL AND (next_at IS NULL OR is_resting))
        END
),
resting AS (
    UPDATE schedules
    SET is_resting = true, workflow_version = $3
    WHERE NOT $8
        AND workflow_id = $1
        AND trigger_id = ANY ($4)
        AND (paused_at IS NOT NULL OR last_at IS NOT NULL OR queued_at IS NOT NULL)
),
ending AS (
    UPDATE schedules
    SET environment_id = $2,
        workflow_version = $3,
        is_resting = false,
        next_at = CASE WHEN is_resting THEN NULL ELSE next_at END
    WHERE $8
        AND workflow_id = $1
        AND trigger_id = ANY ($4)
        AND ($6)[array_position($4, trigger_id)] IS NULL
        AND schedule = ($5)[array_position($4, trigger_id)]
        AND (queued_at IS NOT NULL OR (next_at IS NOT NULL AND NOT is_resting))
)
INSERT INTO schedules (
    workflow_id, trigger_id, environment_id, workflow_version, schedule, next_at, delay_s
)
SELECT $1, s.trigger_id, $2, $3, s.schedule, s.next_at, s.delay_s
FROM unnest($4, $5, $6, $7::double precision[])
    AS s (trigger_id, schedule, next_at, delay_s)
WHERE $8 AND s.next_at IS NOT NULL
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
