-- The current version of a workflow, deleted or not.
-- Zero rows: there never was such a workflow.
SELECT w.id, w.environment_id, w.version, w.is_active, w.is_deleted, w.created_by, w.created_at,
    w.updated_at, v.dialect, v.lifecycle, v.definition, v.source,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = w.id AND q.version = w.version AND q.released_at IS NULL
    ) AS is_quarantined
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.id = $1
