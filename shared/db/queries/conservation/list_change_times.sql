-- When workflow $1 was changed after $2 and before $3, in order.
-- Zero rows: it was not.
SELECT c.changed_at
FROM workflow_changes AS c
WHERE c.workflow_id = $1 AND c.changed_at > $2 AND c.changed_at < $3
ORDER BY c.changed_at
LIMIT $4
