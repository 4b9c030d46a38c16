-- Deletes at most $2 records published before $1 that every group has committed past, oldest first.
-- Zero rows: there are none. A topic that no group reads keeps them until $1 only.
DELETE FROM bus_records AS r
USING (
    SELECT p.topic_id, p.partition, old.record_offset
    FROM bus_partitions AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(min(coalesce(g.position, 0)), p.next_offset) AS position
        FROM bus_positions AS g
        WHERE g.topic_id = p.topic_id AND g.partition = p.partition
    ) AS passed
    CROSS JOIN LATERAL (
        SELECT b.record_offset, b.published_at
        FROM bus_records AS b
        WHERE b.topic_id = p.topic_id
            AND b.partition = p.partition
            AND b.record_offset < passed.position
        ORDER BY b.record_offset
        LIMIT $2
    ) AS old
    WHERE old.published_at < $1
    LIMIT $2
) AS done
WHERE r.topic_id = done.topic_id
    AND r.partition = done.partition
    AND r.record_offset = done.record_offset
