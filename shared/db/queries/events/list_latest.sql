-- The latest events of some types before a place in the order of arrival, as statements give them that search.
-- Zero rows: no more.
SELECT e.received_at, e.key, e.record, true AS is_match, 0 AS nth
FROM (SELECT DISTINCT name FROM unnest($2::text[]) AS name) AS n
CROSS JOIN LATERAL (
    SELECT l.received_at, l.key, l.record
    FROM events AS l
    WHERE l.environment_id = $1
        AND l.type = n.name
        AND (
            $3::timestamptz IS NULL
            OR (
                l.received_on <= ($3 AT TIME ZONE 'UTC')::date
                AND (l.received_at, l.key) < ($3, $4::uuid)
            )
        )
    ORDER BY l.received_at DESC, l.key DESC
    LIMIT $5
) AS e
ORDER BY e.received_at DESC, e.key DESC
LIMIT $5
