-- Keeps what is to be delivered, due at once; what is there already stays as it is.
-- The environment of each that is new, but for subscriptions that are gone.
INSERT INTO webhook_deliveries (
    id, environment_id, subscription_id, kind, execution_id, record, created_at, next_at
)
SELECT g.id, g.environment_id, g.subscription_id, g.kind, g.execution_id, g.record, $7, $7
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::bytea[])
    AS g (id, environment_id, subscription_id, kind, execution_id, record)
JOIN webhook_subscriptions AS s ON s.id = g.subscription_id
ORDER BY g.id
FOR KEY SHARE OF s
ON CONFLICT (id) DO NOTHING
RETURNING environment_id
