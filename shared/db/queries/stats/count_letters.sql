-- The reasons for most of the dead letters of a span ($2 to $3), as far as they are kept.
-- Zero rows: there are none.
SELECT d.reason AS name, count(*) AS count
FROM dead_letters AS d
WHERE d.environment_id = $1 AND d.at >= $2 AND d.at < $3
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT $4
