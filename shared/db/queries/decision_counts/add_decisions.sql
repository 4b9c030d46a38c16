-- Adds to how often workflows were decided on; each comes once, in the order of the key. The last
-- event stays the last, whoever writes first. No rows ever.
INSERT INTO decision_counts AS c (
    environment_id, workflow_id, day, reason, decisions, event_key, event_at
)
SELECT n.environment_id, n.workflow_id, n.day, n.reason, n.decisions, n.event_key, n.event_at
FROM unnest(
    $1::uuid[], $2::uuid[], $3::date[], $4::text[], $5::bigint[], $6::uuid[], $7::timestamptz[]
) AS n (environment_id, workflow_id, day, reason, decisions, event_key, event_at)
ON CONFLICT (workflow_id, day, reason) DO UPDATE
SET decisions = c.decisions + excluded.decisions,
    event_key = CASE WHEN excluded.event_at < c.event_at THEN c.event_key ELSE excluded.event_key END,
    event_at = greatest(c.event_at, excluded.event_at)
