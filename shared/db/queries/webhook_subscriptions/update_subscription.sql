-- Puts a subscription, which is locked, into another state, as its next version.
-- No row comes back.
UPDATE webhook_subscriptions
SET name = $2, url = $3, kinds = $4::text[], workflow_id = $5, filters = $6::json, format = $7,
    signing = $8, headers = $9::json, is_active = $10, disabled_at = $11, disabled_reason = $12,
    failing_since = $13, updated_at = $14, version = version + 1
WHERE id = $1
