-- The events that some executions started with.
-- Zero rows: none is kept.
SELECT l.execution_id, l.input AS event
FROM execution_log AS l
WHERE l.execution_id = ANY ($1::uuid[]) AND l.position = 1
LIMIT $2
