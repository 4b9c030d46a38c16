-- The events that started some executions, as the records that they were.
-- Zero rows: there are no such executions, or their logs are no longer kept.
SELECT l.execution_id, l.input AS event
FROM execution_log AS l
WHERE l.execution_id = ANY ($1) AND l.position = 1
LIMIT cardinality($1::uuid[])
