-- When a workflow was changed first, which is when it was made, however often it was deleted and made again.
-- Zero rows: there never was such a workflow.
SELECT c.changed_at
FROM workflow_changes AS c
WHERE c.workflow_id = $1
ORDER BY c.changed_at, c.change
LIMIT 1
