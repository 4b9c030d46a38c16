-- The workflows before one are decided, and so many matched.
-- No rows ever.
UPDATE late_events SET first_workflow_id = $3, matched = $4
WHERE environment_id = $1 AND event_key = $2
