-- Says when schedules are due next; one without a time is never due again and leaves.
-- No rows ever.
WITH told AS (
    SELECT t.id, t.next_at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS t (id, next_at)
),
over AS (
    DELETE FROM schedules AS s
    USING told AS t
    WHERE s.id = t.id AND t.next_at IS NULL
)
UPDATE schedules AS s
SET next_at = t.next_at
FROM told AS t
WHERE s.id = t.id AND t.next_at IS NOT NULL
