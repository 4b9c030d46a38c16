-- Forgets an execution that runs by turns.
-- No rows.
DELETE FROM turns WHERE execution_id = $1
