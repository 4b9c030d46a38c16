-- Where the $2 latest executions of a workflow end.
-- Zero rows: there are not so many.
SELECT x.created_at, x.id
FROM executions AS x
WHERE x.workflow_id = $1
ORDER BY x.created_at DESC, x.id DESC
OFFSET $2 - 1
LIMIT 1
