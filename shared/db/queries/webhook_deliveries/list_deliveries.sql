-- A subscription's deliveries, the latest first, before a place; null lets all by.
-- Zero rows: no more.
SELECT d.id, d.environment_id, d.subscription_id, d.kind, d.execution_id, d.status, d.created_at,
    d.next_at, d.attempts, d.ended_at, a.status AS last_status, a.error AS last_error
FROM webhook_deliveries AS d
LEFT JOIN webhook_attempts AS a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE d.environment_id = $1
    AND d.subscription_id = $2
    AND ($3::text IS NULL OR d.status = $3)
    AND ($4::timestamptz IS NULL OR (d.created_at, d.id) < ($4, $5::uuid))
ORDER BY d.created_at DESC, d.id DESC
LIMIT $6
