-- Events before a place in the order of arrival, the latest first, of at most $13 that are looked at; a
-- null leaves its condition out. If so many were, the last of them is there whether it matches or not.
-- Zero rows: nothing is left to look at.
WITH looked_at AS (
    -- Nothing but what an index has: whatever else is asked would be looked at, and not be counted.
    SELECT e.key, e.received_at, e.record,
        row_number() OVER (ORDER BY e.received_at DESC, e.key DESC) AS nth
    FROM events AS e
    WHERE e.environment_id = $1
        AND ($2::text IS NULL OR e.type = $2)
        AND (
            $3::uuid IS NULL
            OR (
                e.key = $3
                AND e.received_on = (SELECT k.received_on FROM event_keys AS k WHERE k.key = $3)
            )
        )
        AND (
            $7::timestamptz IS NULL
            OR (e.received_on >= ($7 AT TIME ZONE 'UTC')::date AND e.received_at >= $7)
        )
        AND (
            $8::timestamptz IS NULL
            OR (e.received_on <= ($8 AT TIME ZONE 'UTC')::date AND e.received_at < $8)
        )
        AND (
            $9::timestamptz IS NULL
            OR (
                e.received_on <= ($9 AT TIME ZONE 'UTC')::date
                AND (e.received_at, e.key) < ($9, $10::uuid)
            )
        )
    ORDER BY e.received_at DESC, e.key DESC
    LIMIT $13
)
SELECT l.record, l.received_at, l.key, l.nth, m.is_match
FROM looked_at AS l
CROSS JOIN LATERAL (
    SELECT ($4::text IS NULL OR l.record ->> 'source' = $4)
        AND ($5::text IS NULL OR coalesce(l.record ->> 'subject' = $5, false))
        AND ($6::text IS NULL OR l.record ->> 'id' = $6)
        AND ($11::jsonb IS NULL OR (l.record -> 'data')::jsonb @> $11) AS is_match
    OFFSET 0
) AS m
WHERE m.is_match OR l.nth = $13
ORDER BY l.received_at DESC, l.key DESC
LIMIT $12
