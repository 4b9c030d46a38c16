-- The first environment after $1 of which events arrived on the days $2 to $3.
-- Zero rows: there is none.
SELECT e.environment_id
FROM events AS e
WHERE e.environment_id > $1 AND e.received_on BETWEEN $2 AND $3
ORDER BY e.environment_id
LIMIT 1
