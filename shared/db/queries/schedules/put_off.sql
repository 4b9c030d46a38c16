-- Says what has come of schedules and when they are due next; one without a time, of which none
-- waits either, is never due again and leaves. No rows ever.
WITH told AS (
    SELECT t.id, t.next_at, t.delay_s, t.last_at, t.last_execution_id, t.last_started_at,
        t.queued_at, t.skipped_at, t.skip_reason
    FROM unnest(
        $1::uuid[], $2::timestamptz[], $3::double precision[], $4::timestamptz[], $5::uuid[],
        $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[]
    ) AS t (
        id, next_at, delay_s, last_at, last_execution_id, last_started_at, queued_at, skipped_at,
        skip_reason
    )
),
over AS (
    DELETE FROM schedules AS s
    USING told AS t
    WHERE s.id = t.id AND t.next_at IS NULL AND t.queued_at IS NULL
)
UPDATE schedules AS s
SET next_at = t.next_at,
    delay_s = t.delay_s,
    last_at = t.last_at,
    last_execution_id = t.last_execution_id,
    last_started_at = t.last_started_at,
    queued_at = t.queued_at,
    skipped_at = t.skipped_at,
    skip_reason = t.skip_reason
FROM told AS t
WHERE s.id = t.id AND (t.next_at IS NOT NULL OR t.queued_at IS NOT NULL)
