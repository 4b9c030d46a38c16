-- How many executions have completed whose id begins with $1.
-- One row always.
SELECT count(*) FROM executions WHERE status = 'COMPLETED' AND starts_with(id::text, $1)
