-- Notes how attempts went, and what follows: each delivery's state, when it is due again, and since
-- when its subscription fails. No row for what another has claimed meanwhile, or what is gone.
WITH given AS (
    SELECT g.id, g.claims, g.status, g.next_at, g.at, g.duration_ms, g.answered, g.error, g.answer
    FROM unnest(
        $1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::integer[],
        $7::integer[], $8::text[], $9::text[]
    ) AS g (id, claims, status, next_at, at, duration_ms, answered, error, answer)
),
done AS (
    UPDATE webhook_deliveries AS d
    SET status = g.status, next_at = g.next_at, attempts = d.attempts + 1, tries = d.tries + 1,
        ended_at = CASE WHEN g.status <> 'PENDING' THEN g.at END
    FROM given AS g
    WHERE d.id = g.id AND d.claims = g.claims
    RETURNING d.id, d.environment_id, d.subscription_id, d.attempts
),
noted AS (
    INSERT INTO webhook_attempts (
        delivery_id, number, environment_id, at, duration_ms, status, error, answer
    )
    SELECT d.id, d.attempts, d.environment_id, g.at, g.duration_ms, g.answered, g.error, g.answer
    FROM done AS d JOIN given AS g ON g.id = d.id
),
health AS (
    SELECT d.subscription_id, CASE WHEN bool_and(g.status <> 'DELIVERED') THEN min(g.at) END AS since
    FROM done AS d JOIN given AS g ON g.id = d.id
    GROUP BY d.subscription_id
),
turned AS (
    -- In one order, as others turn the same.
    SELECT s.id, h.since
    FROM webhook_subscriptions AS s JOIN health AS h ON h.subscription_id = s.id
    WHERE (s.failing_since IS NULL) <> (h.since IS NULL)
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
),
told AS (
    UPDATE webhook_subscriptions AS s SET failing_since = t.since FROM turned AS t WHERE s.id = t.id
)
SELECT d.id, s.failing_since
FROM done AS d JOIN webhook_subscriptions AS s ON s.id = d.subscription_id
