-- How often a workflow was decided on, by reason, on some days, and the last event of each.
-- Zero rows: never.
SELECT c.reason, sum(c.decisions)::bigint AS decisions,
    (array_agg(c.event_key ORDER BY c.event_at DESC))[1] AS event_key, max(c.event_at) AS event_at
FROM decision_counts AS c
WHERE c.workflow_id = $1 AND c.day BETWEEN $2 AND $3
GROUP BY c.reason
ORDER BY decisions DESC, c.reason
LIMIT $4
