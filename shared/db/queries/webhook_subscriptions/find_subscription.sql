-- A subscription of an environment.
-- Zero rows: there is none.
SELECT s.id, s.environment_id, s.name, s.url, s.kinds, s.workflow_id, s.filters, s.format, s.signing,
    s.headers, s.is_active, s.disabled_at, s.disabled_reason, s.failing_since, s.version,
    s.created_at, s.created_by, s.updated_at
FROM webhook_subscriptions AS s
WHERE s.environment_id = $1 AND s.id = $2
