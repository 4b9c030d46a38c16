-- Running executions of a partition admitted after an offset, by admission; those that wait have a timer.
-- Zero rows: there are no more.
SELECT e.id, e.command_offset, e.environment_id, e.workflow_id, e.workflow_version, e.event_key,
    first.input AS event, e.cancel_requested_at
FROM executions AS e
JOIN execution_log AS first ON first.execution_id = e.id AND first.position = 1
WHERE e.partition = $1 AND e.command_offset > $2 AND e.status = 'RUNNING'
ORDER BY e.command_offset
LIMIT $3
