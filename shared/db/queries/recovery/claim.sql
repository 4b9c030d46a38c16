-- Makes the caller the owner of a partition: the epoch ascends, so that writes of any earlier owner fail.
-- One row always: the cursors as the last owner left them.
INSERT INTO partition_owners AS o (
    partition, epoch, owner, owned_at, consumed_offset, active_offset, written_seq, emitted_seq
)
VALUES ($1, 1, $2, $3, 0, 0, 0, 0)
ON CONFLICT (partition) DO UPDATE
SET epoch = o.epoch + 1, owner = excluded.owner, owned_at = excluded.owned_at
RETURNING epoch, consumed_offset, active_offset, written_seq, emitted_seq
