-- Which of these event names, each in its environment, some step waits for now, and every name with
-- a trailing "*" that some step waits for. Zero rows: nobody waits for any of these events.
WITH RECURSIVE beginnings AS (
    (
        SELECT w.environment_id, w.subject
        FROM waits AS w
        WHERE w.kind = 'event' AND right(w.subject, 1) = '*'
        ORDER BY w.environment_id, w.subject
        LIMIT 1
    )
    UNION ALL
    SELECT next.environment_id, next.subject
    FROM beginnings AS b
    CROSS JOIN LATERAL (
        SELECT w.environment_id, w.subject
        FROM waits AS w
        WHERE w.kind = 'event' AND right(w.subject, 1) = '*'
            AND (w.environment_id, w.subject) > (b.environment_id, b.subject)
        ORDER BY w.environment_id, w.subject
        LIMIT 1
    ) AS next
)
SELECT n.environment_id, n.subject
FROM unnest($1::uuid[], $2::text[]) AS n (environment_id, subject)
CROSS JOIN LATERAL (
    SELECT FROM waits AS w
    WHERE w.environment_id = n.environment_id AND w.kind = 'event' AND w.subject = n.subject
    -- the index's order: when all wait for one name, reading the table would seem as good
    ORDER BY w.since
    LIMIT 1
) AS found
UNION
SELECT b.environment_id, b.subject FROM beginnings AS b
LIMIT $3
