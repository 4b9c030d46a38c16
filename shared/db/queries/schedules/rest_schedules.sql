-- Lets the schedules of a workflow's steps rest, or be due again.
-- No rows ever.
UPDATE schedules AS s
SET is_resting = $2
WHERE s.workflow_id = $1 AND s.step_id IS NOT NULL AND s.is_resting <> $2
