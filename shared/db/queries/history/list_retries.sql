-- Of some executions how often the step was tried again that was so most often, 0 for none.
-- One row for each that has a log; zero rows: none of them has any.
SELECT l.execution_id, coalesce(greatest(max(l.attempt) - 1, 0), 0) AS retries
FROM execution_log AS l
WHERE l.execution_id = ANY ($1)
GROUP BY l.execution_id
LIMIT $2
