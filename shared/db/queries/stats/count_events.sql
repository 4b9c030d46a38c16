-- The types of which most events arrived in a span ($2 to $3).
-- Zero rows: none arrived.
SELECT e.type AS name, count(*) AS count
FROM events AS e
WHERE e.environment_id = $1
    AND e.received_on >= ($2::timestamptz AT TIME ZONE 'UTC')::date
    AND e.received_on <= ($3::timestamptz AT TIME ZONE 'UTC')::date
    AND e.received_at >= $2
    AND e.received_at < $3
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT $4
