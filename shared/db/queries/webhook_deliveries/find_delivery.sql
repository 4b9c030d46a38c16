-- A delivery of an environment.
-- Zero rows: there is none, or it is past its time.
SELECT d.id, d.environment_id, d.subscription_id, d.kind, d.execution_id, d.status, d.created_at,
    d.next_at, d.attempts, d.ended_at, a.status AS last_status, a.error AS last_error
FROM webhook_deliveries AS d
LEFT JOIN webhook_attempts AS a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE d.environment_id = $1 AND d.id = $2
