-- Puts an execution behind those that asked before; one that has asked keeps its place.
-- No rows.
INSERT INTO turns (execution_id, workflow_id, key, most, asked_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (execution_id) DO NOTHING
