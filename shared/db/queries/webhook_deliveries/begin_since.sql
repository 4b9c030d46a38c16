-- Begins anew the oldest deliveries of a subscription since a time that have ended, due at once.
-- As many rows as there were, at most $4.
UPDATE webhook_deliveries
SET status = 'PENDING', next_at = $3, tries = 0, ended_at = NULL
WHERE id = ANY (ARRAY(
    SELECT d.id
    FROM webhook_deliveries AS d
    WHERE d.subscription_id = $1 AND d.created_at >= $2 AND d.next_at IS NULL
    ORDER BY d.created_at, d.id
    LIMIT $4
))
RETURNING id
