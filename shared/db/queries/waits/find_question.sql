-- What a step first waited for, and what its log says next: the answer, or that there is none yet.
-- Zero rows: there is no such execution.
SELECT x.status AS execution_status, asked.output AS asked, next.status, next.output, next.error,
    next.ended_at
FROM executions AS x
LEFT JOIN LATERAL (
    SELECT l.position, l.output
    FROM execution_log AS l
    WHERE l.execution_id = x.id AND l.step_id = $2 AND l.status = 'WAITING'
    ORDER BY l.position
    LIMIT 1
) AS asked ON true
LEFT JOIN LATERAL (
    SELECT l.status, l.output, l.error, l.ended_at
    FROM execution_log AS l
    WHERE l.execution_id = x.id AND l.step_id = $2 AND l.position > asked.position
    ORDER BY l.position
    LIMIT 1
) AS next ON true
WHERE x.id = $1
