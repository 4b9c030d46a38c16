-- The next records of each partition from its position on: $4 in all, shared evenly among the
-- partitions that have some, and about $5 bytes each, but at least one. Zero rows: nothing new.
WITH waiting AS (
    SELECT w.topic_id, w.partition, w.position, w.place, count(*) OVER () AS places
    FROM unnest($1::integer[], $2::integer[], $3::bigint[])
        WITH ORDINALITY AS w (topic_id, partition, position, place)
    JOIN bus_partitions AS p USING (topic_id, partition)
    WHERE p.next_offset > w.position
    ORDER BY w.place
    LIMIT $4
)
SELECT
    w.topic_id, w.partition, r.record_offset, r.published_at, r.key, r.value, r.headers
FROM waiting AS w
CROSS JOIN LATERAL (
    SELECT
        n.record_offset, n.published_at, n.key, n.value, n.headers,
        coalesce(octet_length(n.value), 0) AS bytes,
        sum(coalesce(octet_length(n.value), 0)) OVER (ORDER BY n.record_offset) AS bytes_so_far
    FROM (
        SELECT b.record_offset, b.published_at, b.key, b.value, b.headers
        FROM bus_records AS b
        WHERE b.topic_id = w.topic_id
            AND b.partition = w.partition
            AND b.record_offset >= w.position
        ORDER BY b.record_offset
        LIMIT greatest(1, $4 / w.places)
    ) AS n
) AS r
WHERE r.bytes_so_far - r.bytes < $5
ORDER BY w.place, r.record_offset
LIMIT $4
