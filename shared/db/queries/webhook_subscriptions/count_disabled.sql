-- How many subscriptions of all environments were disabled because nothing could be delivered.
-- One row.
SELECT count(*) FROM webhook_subscriptions WHERE disabled_at IS NOT NULL
