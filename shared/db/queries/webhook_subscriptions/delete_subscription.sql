-- Deletes a subscription, with its secrets and all that was, or was to be, delivered to it.
-- Zero rows: there was none.
DELETE FROM webhook_subscriptions WHERE environment_id = $1 AND id = $2 RETURNING id
