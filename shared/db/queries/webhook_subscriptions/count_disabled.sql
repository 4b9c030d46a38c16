-- How many subscriptions of each environment were disabled because nothing could be delivered.
-- Zero rows: none.
SELECT environment_id, count(*) AS count
FROM webhook_subscriptions
WHERE disabled_at IS NOT NULL
GROUP BY environment_id
