-- When the next schedule is due, and whether a time of any waits for the end of an execution.
-- One row always; a null: there is no schedule, or all of them rest or are paused.
SELECT
    (
        SELECT min(s.run_at)
        FROM schedules AS s
        WHERE NOT s.is_resting AND s.paused_at IS NULL
    ) AS run_at,
    EXISTS (SELECT FROM schedules AS s WHERE s.queued_at IS NOT NULL) AS is_queued
