-- What an execution has for its result: what a step answered, else what its last completed step gave.
-- Of one that does a single step, as a schedule asks, what it took over does not count.
-- Zero rows: there is no such execution.
SELECT x.status, x.result_at, r.output AS answered, l.output AS last_output
FROM executions AS x
LEFT JOIN execution_log AS r ON r.execution_id = x.id AND r.position = x.result_at
LEFT JOIN LATERAL (
    SELECT g.output
    FROM execution_log AS g
    WHERE g.execution_id = x.id AND g.status = 'COMPLETED' AND g.step_id !~ '^[$]|[]!]$'
        AND (g.attempt > 0 OR x.lineage #> '{repeats,is_only}' IS NULL)
    ORDER BY g.position DESC
    LIMIT 1
) AS l ON true
WHERE x.id = $1
