-- Takes an execution out of view; one that is out of view stays so.
-- No rows ever.
INSERT INTO hidden_runs (execution_id, environment_id, hidden_at)
VALUES ($1, $2, $3)
ON CONFLICT (execution_id) DO NOTHING
