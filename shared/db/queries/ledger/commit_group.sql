-- Commits a group: for each partition whose epoch still stands, everything of it; of others, nothing.
-- One row always; a partition missing from "fenced_in" has another owner and nothing was written.
WITH fence AS (
    UPDATE partition_owners AS o
    SET consumed_offset = greatest(o.consumed_offset, f.consumed_offset),
        active_offset = f.active_offset,
        written_seq = f.written_seq,
        emitted_seq = f.emitted_seq
    FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS f (partition, epoch, consumed_offset, active_offset, written_seq, emitted_seq)
    WHERE o.partition = f.partition AND o.epoch = f.epoch
    RETURNING o.partition
),
started AS (
    INSERT INTO executions (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, status, updated_at, finished_at, steps_settled,
        cancel_requested_at, cancel_reason
    )
    SELECT s.id, s.partition, s.command_offset, s.environment_id, s.workflow_id,
        s.workflow_version, s.event_key, s.created_at, s.status, s.created_at,
        s.finished_at, 0, s.cancel_requested_at, s.cancel_reason
    FROM unnest(
        $7::uuid[], $8::int[], $9::bigint[], $10::uuid[], $11::uuid[], $12::int[], $13::uuid[],
        $14::timestamptz[], $15::text[], $16::timestamptz[], $17::timestamptz[],
        $18::text[]
    ) AS s (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, status, finished_at, cancel_requested_at, cancel_reason
    )
    JOIN fence USING (partition)
    ORDER BY s.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
logged AS (
    INSERT INTO execution_log (
        partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
        error, started_at, ended_at, retry_at
    )
    SELECT l.partition, l.seq, l.execution_id, l.position, string_to_array(l.phases, ','),
        l.step_id, l.attempt, l.status, l.input, l.output, l.error, l.started_at, l.ended_at,
        l.retry_at
    FROM unnest(
        $19::int[], $20::bigint[], $21::uuid[], $22::int[], $23::text[], $24::text[], $25::int[],
        $26::text[], $27::json[], $28::json[], $29::json[], $30::timestamptz[],
        $31::timestamptz[], $32::timestamptz[]
    ) AS l (
        partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
        error, started_at, ended_at, retry_at
    )
    JOIN fence USING (partition)
    -- the first entry of an execution that was there before is a repeat
    WHERE l.position > 1 OR EXISTS (SELECT FROM started WHERE started.id = l.execution_id)
),
advanced AS (
    UPDATE executions AS e
    SET status = coalesce(u.status, e.status),
        updated_at = u.at,
        finished_at = coalesce(u.finished_at, e.finished_at),
        steps_settled = coalesce(u.steps_settled, e.steps_settled),
        error = coalesce(u.error, e.error),
        cancel_requested_at = coalesce(e.cancel_requested_at, u.cancel_requested_at),
        cancel_reason = coalesce(e.cancel_reason, u.cancel_reason)
    FROM unnest(
        $33::int[], $34::uuid[], $35::timestamptz[], $36::text[], $37::timestamptz[], $38::int[],
        $39::json[], $40::timestamptz[], $41::text[]
    ) AS u (
        partition, id, at, status, finished_at, steps_settled, error, cancel_requested_at,
        cancel_reason
    )
    JOIN fence USING (partition)
    -- a cancellation that comes after the end changes nothing
    WHERE e.id = u.id AND e.finished_at IS NULL
),
slept AS (
    INSERT INTO timers (execution_id, partition, due_at)
    SELECT t.execution_id, t.partition, t.due_at
    FROM unnest($42::uuid[], $43::int[], $44::timestamptz[]) AS t (execution_id, partition, due_at)
    JOIN fence USING (partition)
    ON CONFLICT (execution_id) DO UPDATE SET due_at = excluded.due_at
),
woken AS (
    DELETE FROM timers AS t
    USING unnest($45::uuid[], $46::int[]) AS w (execution_id, partition), fence
    WHERE t.execution_id = w.execution_id AND fence.partition = w.partition
)
SELECT
    ARRAY(SELECT partition FROM fence) AS fenced_in,
    ARRAY(SELECT id FROM started) AS started
