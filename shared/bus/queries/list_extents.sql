-- What each partition of topic $1 holds: its first offset, its first published since $2, its next one.
-- Zero rows: there is no such topic. Times ascend with offsets, as far as clocks do.
SELECT
    p.partition,
    coalesce(oldest.record_offset, p.next_offset) AS first_offset,
    coalesce(
        (
            SELECT r.record_offset
            FROM bus_records AS r
            WHERE r.topic_id = p.topic_id AND r.partition = p.partition AND r.published_at >= $2
            ORDER BY r.record_offset
            LIMIT 1
        ),
        p.next_offset
    ) AS since_offset,
    p.next_offset
FROM bus_partitions AS p
LEFT JOIN LATERAL (
    SELECT r.record_offset
    FROM bus_records AS r
    WHERE r.topic_id = p.topic_id AND r.partition = p.partition
    ORDER BY r.record_offset
    LIMIT 1
) AS oldest ON true
WHERE p.topic_id = $1
ORDER BY p.partition
LIMIT $3
