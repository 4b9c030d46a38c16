-- Numbers a change of a workflow, and tells the matchers.
-- One row always: the number.
WITH changed AS (
    INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
    VALUES ($1, $2, $3, false, $4)
    RETURNING change
)
SELECT change, pg_notify('turnout_workflows', change::text) FROM changed
