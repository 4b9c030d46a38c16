-- Lays out so many partitions of commands, none of them owned, where none was laid out before.
-- Zero rows: it was done long ago, and stays as it is whatever is added to the topic.
INSERT INTO partition_owners (
    partition, epoch, owner, owned_at, consumed_offset, active_offset, written_seq, emitted_seq
)
SELECT n, 0, '', $2, 0, 0, 0, 0
FROM generate_series(0, $1::int - 1) AS n
WHERE NOT EXISTS (SELECT FROM partition_owners)
ON CONFLICT (partition) DO NOTHING
