-- Ends all schedules of a workflow, its steps' as well.
-- No rows ever.
DELETE FROM schedules WHERE workflow_id = $1
