-- How many executions a workflow has, counted up to $2.
-- One row.
SELECT count(*) FROM (SELECT FROM executions AS x WHERE x.workflow_id = $1 LIMIT $2) AS counted
