-- Appends records: offsets without gaps, in commit order, and per partition in the order given.
-- Zero rows cannot be: the partitions exist. Heads are locked in one order, so none deadlock.
WITH given AS (
    SELECT topic_id, partition, key, value, headers, place
    FROM unnest($1::integer[], $2::integer[], $3::bytea[], $4::bytea[], $5::bytea[])
        WITH ORDINALITY AS g (topic_id, partition, key, value, headers, place)
),
wanted AS (
    SELECT topic_id, partition, count(*) AS records FROM given GROUP BY topic_id, partition
),
locked AS MATERIALIZED (
    SELECT p.topic_id, p.partition
    FROM bus_partitions AS p JOIN wanted USING (topic_id, partition)
    ORDER BY p.topic_id, p.partition
    FOR UPDATE OF p
),
moved AS (
    UPDATE bus_partitions AS p
    SET next_offset = p.next_offset + w.records
    FROM locked AS l JOIN wanted AS w USING (topic_id, partition)
    WHERE p.topic_id = l.topic_id AND p.partition = l.partition
    RETURNING p.topic_id, p.partition, p.next_offset - w.records AS first_offset
)
INSERT INTO bus_records
    (topic_id, partition, record_offset, published_at, key, value, headers)
SELECT
    topic_id,
    partition,
    first_offset - 1 + row_number() OVER (PARTITION BY topic_id, partition ORDER BY place),
    $6,
    key,
    value,
    headers
FROM given JOIN moved USING (topic_id, partition)
