-- Which of these executions nobody would find: no timer brings them back, nor what they wait for or
-- were told, and their commands are not among those from which on owners look. Zero rows: none.
SELECT x.id
FROM executions AS x
LEFT JOIN partition_owners AS o ON o.partition = x.partition
WHERE x.id = ANY ($1::uuid[])
    AND x.finished_at IS NULL
    AND x.status <> 'SUSPENDED'
    AND (
        x.status NOT IN ('RUNNING', 'COMPENSATING')
        OR x.command_offset < coalesce(o.active_offset, 0)
    )
    AND NOT EXISTS (SELECT FROM timers AS t WHERE t.execution_id = x.id)
    AND NOT EXISTS (SELECT FROM inbox AS i WHERE i.execution_id = x.id)
    AND NOT EXISTS (SELECT FROM waits AS w WHERE w.execution_id = x.id)
ORDER BY x.id
LIMIT $2
