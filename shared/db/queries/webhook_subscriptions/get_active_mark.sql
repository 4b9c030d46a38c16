-- What tells one set of active subscriptions, in their versions, from another.
-- One row.
SELECT count(*) AS subscriptions,
    coalesce(bit_xor(hashtextextended(s.id::text, s.version)), 0) AS mark
FROM webhook_subscriptions AS s
WHERE s.is_active
