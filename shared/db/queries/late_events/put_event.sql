-- Keeps an event until its workflows from one on are decided; of two such, the earlier counts.
-- No rows ever.
INSERT INTO late_events AS l (environment_id, event_key, late_since, first_workflow_id, matched, event)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (environment_id, event_key) DO UPDATE
SET first_workflow_id = excluded.first_workflow_id, matched = excluded.matched
WHERE excluded.first_workflow_id < l.first_workflow_id
