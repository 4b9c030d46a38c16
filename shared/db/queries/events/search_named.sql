-- The latest events of some types, or of types with one of some beginnings, before a place in the order of
-- arrival, of at most $7 that are looked at. If so many were, the last of them is there whether it matches or
-- not. Zero rows: nothing is left to look at.
WITH looked_at AS (
    SELECT e.received_at, e.key, e.type, e.record,
        row_number() OVER (ORDER BY e.received_at DESC, e.key DESC) AS nth
    FROM events AS e
    WHERE e.environment_id = $1
        AND (
            $4::timestamptz IS NULL
            OR (
                e.received_on <= ($4 AT TIME ZONE 'UTC')::date
                AND (e.received_at, e.key) < ($4, $5::uuid)
            )
        )
    ORDER BY e.received_at DESC, e.key DESC
    LIMIT $7
)
SELECT l.received_at, l.key, l.record, l.nth, m.is_match
FROM looked_at AS l
CROSS JOIN LATERAL (
    SELECT l.type = ANY ($2::text[])
        OR EXISTS (
            SELECT FROM unnest($3::text[]) AS b (beginning) WHERE starts_with(l.type, b.beginning)
        ) AS is_match
    OFFSET 0
) AS m
WHERE m.is_match OR l.nth = $7
ORDER BY l.received_at DESC, l.key DESC
LIMIT $6
