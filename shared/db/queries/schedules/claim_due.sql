-- Schedules that are due, the longest due first, locked until the end of the transaction.
-- Zero rows: none is, or others are at it.
SELECT s.workflow_id, s.trigger_id, s.environment_id, s.workflow_version, s.schedule, s.next_at
FROM schedules AS s
WHERE s.next_at <= $1
ORDER BY s.next_at, s.workflow_id, s.trigger_id
LIMIT $2
FOR UPDATE SKIP LOCKED
