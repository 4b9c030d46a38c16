-- Which event each first step's result stands for, and when its attempt began; at most $1 of them.
-- Zero rows: no step has ended.
SELECT l.output ->> 'id' AS event_id, l.started_at
FROM execution_log AS l
WHERE l.step_id = 'first'
ORDER BY l.partition, l.seq
LIMIT $1
