-- What was asked with the key that names an execution.
-- Zero rows: nothing, or it is no longer kept.
SELECT asked FROM start_keys WHERE execution_id = $1
