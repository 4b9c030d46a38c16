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
    FROM ROWS FROM (
        json_to_recordset($7::json) AS (
            id uuid, partition int, command_offset bigint, environment_id uuid, workflow_id uuid,
            workflow_version int, event_key uuid, created_at timestamptz,
            cancel_requested_at timestamptz, cancel_reason text, expires_at timestamptz,
            at timestamptz, status text, finished_at timestamptz, steps_settled int, result_at int
        ),
        unnest($8::json[], $9::json[])
    ) AS s (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, cancel_requested_at, cancel_reason, expires_at, at, status, finished_at,
        steps_settled, result_at, lineage, error
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
    FROM ROWS FROM (
        json_to_recordset($10::json) AS (
            partition int, seq bigint, execution_id uuid, position int, phases text, step_id text,
            attempt int, status text, started_at timestamptz, ended_at timestamptz,
            wake_at timestamptz, handle text, is_first boolean
        ),
        unnest($11::json[], $12::json[], $13::json[])
    ) AS l (
        partition, seq, execution_id, position, phases, step_id, attempt, status, started_at,
        ended_at, wake_at, handle, is_first, input, output, error
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
    FROM ROWS FROM (
        json_to_recordset($14::json) AS (
            partition int, id uuid, cancel_requested_at timestamptz, cancel_reason text,
            at timestamptz, status text, finished_at timestamptz, steps_settled int, result_at int
        ),
        unnest($15::json[])
    ) AS u (
        partition, id, cancel_requested_at, cancel_reason, at, status, finished_at, steps_settled,
        result_at, error
    )
    JOIN fence USING (partition)
    -- a cancellation that comes after the end changes nothing
    WHERE e.id = u.id AND e.finished_at IS NULL
),
slept AS (
    INSERT INTO timers (execution_id, partition, due_at)
    SELECT t.execution_id, t.partition, t.due_at
    FROM unnest($16::uuid[], $17::int[], $18::timestamptz[], $42::boolean[])
        AS t (execution_id, partition, due_at, is_first)
    JOIN fence USING (partition)
    WHERE NOT t.is_first OR EXISTS (SELECT FROM started WHERE started.id = t.execution_id)
    UNION ALL
    SELECT started.id, started.partition, started.expires_at
    FROM started
    WHERE started.expires_at IS NOT NULL AND started.finished_at IS NULL
        AND started.id <> ALL ($16::uuid[])
    ON CONFLICT (execution_id) DO UPDATE SET due_at = excluded.due_at
),
woken AS (
    DELETE FROM timers AS t
    USING unnest($19::uuid[], $20::int[]) AS w (execution_id, partition), fence
    WHERE t.execution_id = w.execution_id AND fence.partition = w.partition
),
heard AS (
    INSERT INTO inbox (execution_id, command_offset, partition, command)
    SELECT h.execution_id, h.command_offset, h.partition, h.command
    FROM unnest($21::uuid[], $22::bigint[], $23::int[], $24::json[])
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
    USING unnest($25::uuid[], $26::bigint[], $27::int[])
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
        $28::uuid[], $29::text[], $30::int[], $31::uuid[], $32::text[], $33::text[], $34::int[],
        $35::timestamptz[], $36::timestamptz[], $37::json[], $38::boolean[]
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
    USING unnest($39::uuid[], $40::text[], $41::int[]) AS p (execution_id, step_id, partition), fence
    WHERE w.execution_id = p.execution_id AND w.step_id = p.step_id
        AND fence.partition = p.partition
)
SELECT
    ARRAY(SELECT partition FROM fence) AS fenced_in,
    ARRAY(SELECT id FROM started) AS started
