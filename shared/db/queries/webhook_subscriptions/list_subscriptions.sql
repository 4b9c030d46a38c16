-- An environment's subscriptions in the order of creation, after a place; null: from the first.
-- Zero rows: no more.
SELECT s.id, s.environment_id, s.name, s.url, s.kinds, s.workflow_id, s.filters, s.format, s.signing,
    s.headers, s.is_active, s.disabled_at, s.disabled_reason, s.failing_since, s.version,
    s.created_at, s.created_by, s.updated_at
FROM webhook_subscriptions AS s
WHERE s.environment_id = $1
    AND ($2::timestamptz IS NULL OR (s.created_at, s.id) > ($2, $3::uuid))
    AND ($4::text IS NULL OR s.format = $4)
    AND ($6::boolean IS NULL OR s.is_active = $6)
ORDER BY s.created_at, s.id
LIMIT $5
