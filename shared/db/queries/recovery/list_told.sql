-- The commands that these executions were told and have not taken in yet, each in its order.
-- An id without rows was told nothing.
SELECT i.execution_id, i.command_offset, i.command
FROM inbox AS i
WHERE i.execution_id = ANY ($1::uuid[])
ORDER BY i.execution_id, i.command_offset
LIMIT $2
