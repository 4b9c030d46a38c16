-- Says when schedules are due next; one without a time is never due again and leaves.
-- No rows ever.
WITH told AS (
    SELECT t.workflow_id, t.trigger_id, t.next_at
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS t (workflow_id, trigger_id, next_at)
),
over AS (
    DELETE FROM schedules AS s
    USING told AS t
    WHERE s.workflow_id = t.workflow_id AND s.trigger_id = t.trigger_id AND t.next_at IS NULL
)
UPDATE schedules AS s
SET next_at = t.next_at
FROM told AS t
WHERE s.workflow_id = t.workflow_id AND s.trigger_id = t.trigger_id AND t.next_at IS NOT NULL
