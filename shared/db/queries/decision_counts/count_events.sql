-- How many events came on some days that triggers with one of some names await.
-- One row always.
SELECT coalesce(sum(c.events), 0)::bigint AS events
FROM trigger_counts AS c
WHERE c.environment_id = $1 AND c.event_name = ANY ($2) AND c.day BETWEEN $3 AND $4
