-- The latest attempts at a delivery, the first of them first.
-- Zero rows: there was none yet.
SELECT l.number, l.at, l.duration_ms, l.status, l.error, l.answer
FROM (
    SELECT a.number, a.at, a.duration_ms, a.status, a.error, a.answer
    FROM webhook_attempts AS a
    WHERE a.environment_id = $1 AND a.delivery_id = $2
    ORDER BY a.number DESC
    LIMIT $3
) AS l
ORDER BY l.number
