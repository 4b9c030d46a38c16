-- Frees the partitions of group $1 whose owner has no seat any more.
-- Zero rows: there are none. Rows are locked in one order, as a commit does.
WITH orphaned AS MATERIALIZED (
    SELECT group_name, topic_id, partition
    FROM bus_positions
    WHERE group_name = $1
        AND session NOT IN (SELECT session FROM bus_members WHERE group_name = $1)
    ORDER BY topic_id, partition
    FOR UPDATE
)
UPDATE bus_positions AS p SET session = NULL
FROM orphaned AS o
WHERE p.group_name = o.group_name AND p.topic_id = o.topic_id AND p.partition = o.partition
