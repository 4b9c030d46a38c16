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
        created_at, cancel_requested_at, cancel_reason, expires_at, lineage, updated_at, status,
        finished_at, steps_settled, error, result_at
    )
    SELECT s.id, s.partition, s.command_offset, s.environment_id, s.workflow_id,
        s.workflow_version, s.event_key, s.created_at, s.cancel_requested_at, s.cancel_reason,
        s.expires_at, s.lineage, s.at, s.status, s.finished_at, s.steps_settled, s.error,
        s.result_at
    FROM unnest(
        $7::uuid[], $8::int[], $9::bigint[], $10::uuid[], $11::uuid[], $12::int[], $13::uuid[],
        $14::timestamptz[], $15::timestamptz[], $16::text[], $17::timestamptz[], $18::json[],
        $19::timestamptz[], $20::text[], $21::timestamptz[], $22::int[], $23::json[], $24::int[]
    ) AS s (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, cancel_requested_at, cancel_reason, expires_at, lineage, at, status,
        finished_at, steps_settled, error, result_at
    )
    JOIN fence USING (partition)
    ORDER BY s.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, partition, expires_at, finished_at
),
logged AS (
    INSERT INTO execution_log (
        partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
        error, started_at, ended_at, wake_at, handle
    )
    SELECT l.partition, l.seq, l.execution_id, l.position, string_to_array(l.phases, ','),
        l.step_id, l.attempt, l.status, l.input, l.output, l.error, l.started_at, l.ended_at,
        l.wake_at, l.handle
    FROM unnest(
        $25::int[], $26::bigint[], $27::uuid[], $28::int[], $29::text[], $30::text[], $31::int[],
        $32::text[], $33::json[], $34::json[], $35::json[], $36::timestamptz[],
        $37::timestamptz[], $38::timestamptz[], $39::text[], $40::boolean[]
    ) AS l (
        partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
        error, started_at, ended_at, wake_at, handle, is_first
    )
    JOIN fence USING (partition)
    -- the first entries of an execution that was there before are a repeat
    WHERE NOT l.is_first OR EXISTS (SELECT FROM started WHERE started.id = l.execution_id)
),
advanced AS (
    UPDATE executions AS e
    SET status = coalesce(u.status, e.status),
        updated_at = u.at,
        finished_at = coalesce(u.finished_at, e.finished_at),
        steps_settled = coalesce(u.steps_settled, e.steps_settled),
        error = coalesce(u.error, e.error),
        cancel_requested_at = coalesce(e.cancel_requested_at, u.cancel_requested_at),
        cancel_reason = coalesce(e.cancel_reason, u.cancel_reason),
        result_at = coalesce(u.result_at, e.result_at)
    FROM unnest(
        $41::int[], $42::uuid[], $43::timestamptz[], $44::text[], $45::timestamptz[], $46::text[],
        $47::timestamptz[], $48::int[], $49::json[], $50::int[]
    ) AS u (
        partition, id, cancel_requested_at, cancel_reason, at, status, finished_at, steps_settled,
        error, result_at
    )
    JOIN fence USING (partition)
    -- a cancellation that comes after the end changes nothing
    WHERE e.id = u.id AND e.finished_at IS NULL
),
slept AS (
    INSERT INTO timers (execution_id, partition, due_at)
    SELECT t.execution_id, t.partition, t.due_at
    FROM unnest($51::uuid[], $52::int[], $53::timestamptz[]) AS t (execution_id, partition, due_at)
    JOIN fence USING (partition)
    UNION ALL
    SELECT started.id, started.partition, started.expires_at
    FROM started
    WHERE started.expires_at IS NOT NULL AND started.finished_at IS NULL
    ON CONFLICT (execution_id) DO UPDATE SET due_at = excluded.due_at
),
woken AS (
    DELETE FROM timers AS t
    USING unnest($54::uuid[], $55::int[]) AS w (execution_id, partition), fence
    WHERE t.execution_id = w.execution_id AND fence.partition = w.partition
),
heard AS (
    INSERT INTO inbox (execution_id, command_offset, partition, command)
    SELECT h.execution_id, h.command_offset, h.partition, h.command
    FROM unnest($56::uuid[], $57::bigint[], $58::int[], $59::json[])
        AS h (execution_id, command_offset, partition, command)
    JOIN fence USING (partition)
    WHERE EXISTS (
            SELECT FROM executions AS e WHERE e.id = h.execution_id AND e.finished_at IS NULL
        )
        OR EXISTS (
            SELECT FROM started WHERE started.id = h.execution_id AND started.finished_at IS NULL
        )
    ON CONFLICT (execution_id, command_offset) DO NOTHING
),
taken_in AS (
    DELETE FROM inbox AS i
    USING unnest($60::uuid[], $61::bigint[], $62::int[])
        AS t (execution_id, command_offset, partition), fence
    WHERE i.execution_id = t.execution_id AND i.command_offset = t.command_offset
        AND fence.partition = t.partition
),
waiting AS (
    INSERT INTO waits (
        execution_id, step_id, partition, environment_id, kind, subject, attempt, since, due_at,
        data, has_looked_back
    )
    SELECT w.execution_id, w.step_id, w.partition, w.environment_id, w.kind, w.subject, w.attempt,
        w.since, w.due_at, w.data, w.has_looked_back
    FROM unnest(
        $63::uuid[], $64::text[], $65::int[], $66::uuid[], $67::text[], $68::text[], $69::int[],
        $70::timestamptz[], $71::timestamptz[], $72::json[], $73::boolean[]
    ) AS w (
        execution_id, step_id, partition, environment_id, kind, subject, attempt, since, due_at,
        data, has_looked_back
    )
    JOIN fence USING (partition)
    ON CONFLICT (execution_id, step_id) DO UPDATE
    SET attempt = excluded.attempt, since = excluded.since, due_at = excluded.due_at,
        data = excluded.data, has_looked_back = excluded.has_looked_back,
        beaten_at = CASE WHEN waits.attempt = excluded.attempt THEN waits.beaten_at END,
        progress = CASE WHEN waits.attempt = excluded.attempt THEN waits.progress END,
        claimed_until = CASE WHEN waits.attempt = excluded.attempt THEN waits.claimed_until END,
        claimed_by = CASE WHEN waits.attempt = excluded.attempt THEN waits.claimed_by END
),
passed AS (
    DELETE FROM waits AS w
    USING unnest($74::uuid[], $75::text[], $76::int[]) AS p (execution_id, step_id, partition), fence
    WHERE w.execution_id = p.execution_id AND w.step_id = p.step_id
        AND fence.partition = p.partition
)
SELECT
    ARRAY(SELECT partition FROM fence) AS fenced_in,
    ARRAY(SELECT id FROM started) AS started
