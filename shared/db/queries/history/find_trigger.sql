-- The event that started an execution, as the record that it was.
-- Zero rows: there is no such execution, or its log is no longer kept.
SELECT l.input AS event
FROM execution_log AS l
WHERE l.execution_id = $1 AND l.position = 1
