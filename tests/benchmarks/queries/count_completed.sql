-- How many executions have completed.
-- One row always.
SELECT count(*) FROM executions WHERE status = 'COMPLETED'
