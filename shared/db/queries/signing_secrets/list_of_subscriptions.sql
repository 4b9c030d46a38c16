-- The secrets of some subscriptions that count, of each the latest first, at most $3.
-- Zero rows: none counts.
SELECT k.id, k.environment_id, k.subscription_id, k.key_id, k.nonce, k.ciphertext
FROM unnest($1::uuid[]) AS w (subscription_id)
CROSS JOIN LATERAL (
    SELECT o.id, o.environment_id, o.subscription_id, o.key_id, o.nonce, o.ciphertext
    FROM signing_secrets AS o
    WHERE o.subscription_id = w.subscription_id AND (o.expires_at IS NULL OR o.expires_at > $2)
    ORDER BY o.created_at DESC, o.id
    LIMIT $3
) AS k
