-- When each of some workflows was last started, and when a schedule of it is due next.
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
        SELECT min(s.next_at)
        FROM schedules AS s
        WHERE s.workflow_id = w.id AND s.trigger_id IS NOT NULL
    ) AS next_run_at
FROM unnest($1::uuid[]) AS w (id)
LIMIT $2
