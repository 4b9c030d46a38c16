-- Ends a workflow: it is neither listed nor matched any more; its versions stay.
-- Zero rows: there is no such workflow.
WITH ended AS (
    UPDATE workflows
    SET is_deleted = true, updated_at = $2
    WHERE id = $1 AND NOT is_deleted
    RETURNING id, version
),
changed AS (
    INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
    SELECT id, version, false, true, $2 FROM ended
    RETURNING change
)
SELECT change, pg_notify('turnout_workflows', change::text) FROM changed
