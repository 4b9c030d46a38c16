-- Every attempt of every execution: of the first step, which event it stands for; at most $1.
-- Zero rows: no step has ended.
SELECT
    l.execution_id,
    l.step_id,
    CASE WHEN l.step_id = 'first' THEN l.output ->> 'id' END AS event_id,
    l.started_at,
    l.ended_at
FROM execution_log AS l
WHERE l.step_id IS NOT NULL
ORDER BY l.partition, l.seq
LIMIT $1
