-- When each of some workflows was last started, and when a schedule of it starts it next.
-- One row for each id; nulls: never yet, or by no schedule.
SELECT w.id,
    (
        SELECT x.created_at
        FROM executions AS x
        WHERE x.workflow_id = w.id
        ORDER BY x.created_at DESC, x.id DESC
        LIMIT 1
    ) AS last_run_at,
    (
        SELECT min(s.run_at)
        FROM schedules AS s
        WHERE s.workflow_id = w.id AND s.trigger_id IS NOT NULL
            AND NOT s.is_resting AND s.paused_at IS NULL
    ) AS next_run_at
FROM unnest($1::uuid[]) AS w (id)
LIMIT $2
