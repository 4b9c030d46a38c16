-- Keeps the workflow of an execution as it is until the transaction ends.
-- Zero rows: there is no such execution.
SELECT w.id
FROM executions AS x
JOIN workflows AS w ON w.id = x.workflow_id
WHERE x.id = $1
FOR SHARE OF w
