-- Creates topic $1 with $2 empty partitions.
-- Zero rows: it exists and is left as it is.
WITH added AS (
    INSERT INTO bus_topics (name, partitions) VALUES ($1, $2)
    ON CONFLICT (name) DO NOTHING
    RETURNING topic_id, partitions
)
INSERT INTO bus_partitions (topic_id, partition)
SELECT topic_id, partition
FROM added CROSS JOIN generate_series(0, partitions - 1) AS partition
