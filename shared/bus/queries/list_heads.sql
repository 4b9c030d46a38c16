-- The offset that the next record of each partition asked for will get.
-- Zero rows: none of them exists.
SELECT topic_id, partition, next_offset
FROM bus_partitions
JOIN unnest($1::integer[], $2::integer[]) AS asked (topic_id, partition)
    USING (topic_id, partition)
LIMIT cardinality($1::integer[])
