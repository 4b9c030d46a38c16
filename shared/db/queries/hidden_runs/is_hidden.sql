-- Whether an execution is out of view.
-- One row always.
SELECT EXISTS (SELECT FROM hidden_runs AS h WHERE h.execution_id = $1) AS is_hidden
