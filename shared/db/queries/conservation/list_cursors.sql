-- How far each partition of commands is consumed, and its log written and published.
-- Zero rows: no executor has ever run.
SELECT partition, consumed_offset, written_seq, emitted_seq
FROM partition_owners
ORDER BY partition
LIMIT $1
