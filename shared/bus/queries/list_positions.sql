-- The positions that group $1 has committed in the partitions of topic $2.
-- Zero rows: it never did.
SELECT partition, position
FROM bus_positions
WHERE group_name = $1 AND topic_id = $2 AND position IS NOT NULL
ORDER BY partition
LIMIT $3
