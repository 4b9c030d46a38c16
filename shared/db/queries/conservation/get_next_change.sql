-- When a workflow was changed next after $1, up to $2.
-- Always one row; null: it was not.
SELECT min(changed_at)
FROM workflow_changes
WHERE changed_at > $1 AND changed_at <= $2
