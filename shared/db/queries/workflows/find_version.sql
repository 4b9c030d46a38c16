-- One version of a workflow, also of a deleted one.
-- Zero rows: there is no such version.
SELECT w.id, w.environment_id, v.version, w.is_active, w.is_deleted, w.created_by, w.created_at,
    v.created_at AS updated_at, v.dialect, v.lifecycle, v.definition, v.source
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id
WHERE w.id = $1 AND v.version = $2
