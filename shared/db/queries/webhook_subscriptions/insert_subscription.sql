-- Keeps a new subscription.
-- Zero rows: the environment has as many as it may.
INSERT INTO webhook_subscriptions (
    id, environment_id, name, url, kinds, workflow_id, filters, format, signing, headers, is_active,
    created_at, created_by, updated_at
)
SELECT $1, $2, $3, $4, $5::text[], $6, $7::json, $8, $9, $10::json, $11, $12, $13, $12
WHERE (
    SELECT count(*) FROM webhook_subscriptions AS o WHERE o.environment_id = $2
) < $14
RETURNING id
