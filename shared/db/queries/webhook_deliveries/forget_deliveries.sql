-- Forgets some deliveries that are older than a time, with their attempts; others may do so at once.
-- As many rows as there were, at most $2.
DELETE FROM webhook_deliveries
WHERE id = ANY (ARRAY(
    SELECT d.id FROM webhook_deliveries AS d WHERE d.created_at < $1 LIMIT $2
    FOR UPDATE SKIP LOCKED
))
RETURNING id
