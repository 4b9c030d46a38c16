-- Running executions of a partition admitted after an offset, by admission; those that wait have a timer.
-- Zero rows: there are no more.
SELECT e.id, e.command_offset, e.environment_id, e.workflow_id, e.workflow_version, e.event_key,
    e.lineage, e.created_at, e.expires_at, first.input AS event, t.due_at AS timer_at
FROM executions AS e
JOIN execution_log AS first ON first.execution_id = e.id AND first.position = 1
LEFT JOIN timers AS t ON t.execution_id = e.id
WHERE e.partition = $1 AND e.command_offset > $2 AND e.status IN ('RUNNING', 'COMPENSATING')
ORDER BY e.command_offset
LIMIT $3
