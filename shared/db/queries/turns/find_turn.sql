-- Where an execution that runs by turns stands.
-- Zero rows: it does not, or not any more.
SELECT workflow_id, key, granted_at
FROM turns
WHERE execution_id = $1
