-- Sets up the schedule of an execution's step; one that is there stays. It rests like its workflow,
-- which is to be locked before. Zero rows: that is archived or deleted.
INSERT INTO schedules (
    id, workflow_id, environment_id, workflow_version, execution_id, step_id, schedule, next_at,
    delay_s, is_resting
)
SELECT $1, x.workflow_id, x.environment_id, x.workflow_version, x.id, $3, $4, $5, $6,
    NOT w.is_active OR v.lifecycle <> 'ready'
FROM executions AS x
JOIN workflows AS w ON w.id = x.workflow_id
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE x.id = $2 AND NOT w.is_deleted AND v.lifecycle <> 'archived'
ON CONFLICT (id) DO UPDATE SET step_id = excluded.step_id
RETURNING next_at
