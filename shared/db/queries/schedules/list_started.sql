-- Which of some executions there are, whatever became of them.
-- Zero rows: none.
SELECT x.id FROM executions AS x WHERE x.id = ANY ($1::uuid[]) LIMIT $2
