-- The latest events of some types, or of types with one of some beginnings, before a place in the order of
-- arrival; for those beginnings the latest $6 events are looked at. Zero rows: no more.
WITH named AS (
    SELECT e.received_at, e.key, e.record
    FROM unnest($2::text[]) AS n (name)
    CROSS JOIN LATERAL (
        SELECT l.received_at, l.key, l.record
        FROM events AS l
        WHERE l.environment_id = $1
            AND l.type = n.name
            AND (
                $4::timestamptz IS NULL
                OR (
                    l.received_on <= ($4 AT TIME ZONE 'UTC')::date
                    AND (l.received_at, l.key) < ($4, $5::uuid)
                )
            )
        ORDER BY l.received_at DESC, l.key DESC
        LIMIT $7
    ) AS e
    UNION ALL
    SELECT e.received_at, e.key, e.record
    FROM (
        SELECT l.received_at, l.key, l.record, l.type
        FROM events AS l
        WHERE cardinality($3::text[]) > 0
            AND l.environment_id = $1
            AND (
                $4::timestamptz IS NULL
                OR (
                    l.received_on <= ($4 AT TIME ZONE 'UTC')::date
                    AND (l.received_at, l.key) < ($4, $5::uuid)
                )
            )
        ORDER BY l.received_at DESC, l.key DESC
        LIMIT $6
    ) AS e
    WHERE EXISTS (SELECT FROM unnest($3::text[]) AS b (beginning) WHERE starts_with(e.type, beginning))
)
SELECT DISTINCT ON (e.received_at, e.key) e.record
FROM named AS e
ORDER BY e.received_at DESC, e.key DESC
LIMIT $7
