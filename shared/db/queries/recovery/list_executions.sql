-- The executions of these ids that have not ended, in a partition.
-- Zero rows: all have ended, or live elsewhere.
SELECT e.id, e.command_offset, e.environment_id, e.workflow_id, e.workflow_version, e.event_key,
    e.lineage, e.created_at, e.expires_at, first.input AS event, t.due_at AS timer_at
FROM executions AS e
JOIN execution_log AS first ON first.execution_id = e.id AND first.position = 1
LEFT JOIN timers AS t ON t.execution_id = e.id
WHERE e.partition = $1 AND e.id = ANY ($2::uuid[]) AND e.finished_at IS NULL
ORDER BY e.id
LIMIT $3
