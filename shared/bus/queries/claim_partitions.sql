-- Gives session $2 those of the partitions that nobody in group $1 owns; with the position to read
-- from: what the group committed, or the oldest if that is not there. Zero rows: all have owners.
WITH claimed AS (
    INSERT INTO bus_positions AS p (group_name, topic_id, partition, session)
    SELECT $1, topic_id, partition, $2
    FROM unnest($3::integer[], $4::integer[]) AS c (topic_id, partition)
    ORDER BY topic_id, partition
    ON CONFLICT (group_name, topic_id, partition) DO UPDATE
    SET session = excluded.session WHERE p.session IS NULL
    RETURNING p.topic_id, p.partition, p.position
)
SELECT topic_id, partition, coalesce(position, 0) AS position FROM claimed
