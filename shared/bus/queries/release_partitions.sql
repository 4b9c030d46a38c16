-- Frees what session $2 owns in group $1, apart from the partitions named.
-- Zero rows: it owns nothing else.
UPDATE bus_positions SET session = NULL
WHERE group_name = $1
    AND session = $2
    AND (topic_id, partition) NOT IN (
        SELECT topic_id, partition
        FROM unnest($3::integer[], $4::integer[]) AS kept (topic_id, partition)
    )
