-- Claims some due deliveries of each of these subscriptions until $4: nobody else attempts them
-- before then. As many rows as could be had.
WITH due AS MATERIALIZED (
    SELECT p.id
    FROM unnest($1::uuid[], $2::integer[]) AS w (subscription_id, most)
    CROSS JOIN LATERAL (
        SELECT d.id
        FROM webhook_deliveries AS d
        WHERE d.subscription_id = w.subscription_id AND d.next_at <= $3
        ORDER BY d.next_at
        LIMIT w.most
        FOR UPDATE SKIP LOCKED
    ) AS p
)
UPDATE webhook_deliveries AS d
SET next_at = $4, claims = d.claims + 1
FROM due, webhook_subscriptions AS s
WHERE d.id = due.id AND s.id = d.subscription_id AND s.is_active
RETURNING d.id, d.environment_id, d.subscription_id, d.kind, d.execution_id, d.record, d.created_at,
    d.claims, d.attempts, d.tries, s.url, s.format, s.signing, s.headers
