-- Notes that executions were told again that they have their turns.
-- No rows.
UPDATE turns
SET granted_at = $2
WHERE execution_id = ANY ($1::uuid[]) AND granted_at IS NOT NULL
