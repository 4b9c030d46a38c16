-- Forgets an environment's oldest letters beyond a number of them.
-- No row comes back.
DELETE FROM dead_letters AS d
WHERE d.environment_id = $1
    AND (d.at, d.id) <= (
        SELECT o.at, o.id
        FROM dead_letters AS o
        WHERE o.environment_id = $1
        ORDER BY o.at DESC, o.id DESC
        OFFSET $2
        LIMIT 1
    )
