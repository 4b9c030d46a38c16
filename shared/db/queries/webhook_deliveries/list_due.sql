-- When the next delivery of each active subscription is due, but for those, and the environments,
-- that have no room; the longest due first. Zero rows: nothing is to be delivered to the others.
SELECT s.id, s.environment_id, s.failing_since, n.next_at
FROM webhook_subscriptions AS s
CROSS JOIN LATERAL (
    SELECT d.next_at
    FROM webhook_deliveries AS d
    WHERE d.subscription_id = s.id AND d.next_at IS NOT NULL
    ORDER BY d.next_at
    LIMIT 1
) AS n
WHERE s.is_active AND s.id <> ALL ($1::uuid[]) AND s.environment_id <> ALL ($2::uuid[])
ORDER BY n.next_at
LIMIT $3
