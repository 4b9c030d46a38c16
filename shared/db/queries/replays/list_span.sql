-- Events that arrived in a span of time, after a place in the order of arrival, the earliest first, and
-- whether each fits; a null leaves its condition out. Only those that fit come with their record.
-- Zero rows: no more.
WITH looked_at AS (
    SELECT e.received_at, e.key, e.record
    FROM events AS e
    WHERE e.environment_id = $1
        AND e.received_on >= ($2::timestamptz AT TIME ZONE 'UTC')::date
        AND e.received_on <= ($3::timestamptz AT TIME ZONE 'UTC')::date
        AND (e.received_at, e.key) > ($2, $4::uuid)
        AND e.received_at < $3
        AND ($5::text IS NULL OR e.type = $5)
    ORDER BY e.received_at, e.key
    LIMIT $6
)
SELECT l.received_at, l.key, CASE WHEN
        ($7::text IS NULL OR l.record ->> 'source' = $7)
        AND ($8::text IS NULL OR coalesce(l.record ->> 'subject' = $8, false))
        AND ($9::jsonb IS NULL OR (l.record -> 'data')::jsonb @> $9)
    THEN l.record END AS record
FROM looked_at AS l
ORDER BY l.received_at, l.key
