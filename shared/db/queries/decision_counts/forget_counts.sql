-- Forgets what was counted on days before a date.
-- No rows ever.
WITH forgotten AS (
    DELETE FROM decision_counts WHERE day < $1
)
DELETE FROM trigger_counts WHERE day < $1
