-- Whether workflow $1 was changed after $2 and before $3.
-- Always one row.
SELECT EXISTS (
    SELECT FROM workflow_changes AS c
    WHERE c.workflow_id = $1 AND c.changed_at > $2 AND c.changed_at < $3
)
