-- The subscriptions of all environments that are to be told of anything, after an id.
-- Zero rows: no more.
SELECT s.id, s.environment_id, s.name, s.url, s.kinds, s.workflow_id, s.filters, s.format, s.signing,
    s.headers, s.is_active, s.disabled_at, s.disabled_reason, s.failing_since, s.version,
    s.created_at, s.created_by, s.updated_at
FROM webhook_subscriptions AS s
WHERE s.is_active AND s.id > $1
ORDER BY s.id
LIMIT $2
