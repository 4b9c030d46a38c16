-- Makes the positions group $1's own, for the partitions that session $2 owns.
-- Zero rows: it owns none of them any more. Rows are locked in one order.
WITH owned AS MATERIALIZED (
    SELECT p.group_name, p.topic_id, p.partition, c.position
    FROM bus_positions AS p
    JOIN unnest($3::integer[], $4::integer[], $5::bigint[]) AS c (topic_id, partition, position)
        USING (topic_id, partition)
    WHERE p.group_name = $1 AND p.session = $2
    ORDER BY p.topic_id, p.partition
    FOR UPDATE OF p
)
UPDATE bus_positions AS p SET position = o.position
FROM owned AS o
WHERE p.group_name = o.group_name AND p.topic_id = o.topic_id AND p.partition = o.partition
