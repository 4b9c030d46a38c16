-- The oldest late event of the first environment after one; nobody else takes it until the
-- transaction ends. Zero rows: there is none, or all are taken.
SELECT l.environment_id, l.event_key, l.first_workflow_id, l.matched, l.event
FROM late_events AS l
WHERE l.environment_id > $1
ORDER BY l.environment_id, l.late_since, l.event_key
LIMIT 1
FOR UPDATE SKIP LOCKED
