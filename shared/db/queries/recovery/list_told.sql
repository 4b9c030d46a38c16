-- The commands that these executions were told and have not taken in yet, each in its order, after a place.
-- An id without rows was told nothing more.
SELECT i.execution_id, i.command_offset, i.command
FROM inbox AS i
WHERE i.execution_id = ANY ($1::uuid[])
    AND (i.execution_id, i.command_offset) > ($2::uuid, $3::bigint)
ORDER BY i.execution_id, i.command_offset
LIMIT $4
