-- The bare loops' group: executions begin, log entries are added, executions end. One statement.
-- Zero rows always.
WITH started AS (
    INSERT INTO executions (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, status, updated_at, finished_at, steps_settled
    )
    SELECT s.id, $1, s.command_offset, $2, $3, 1, s.event_key, $4, $5, $4, $6, $7
    FROM unnest($8::uuid[], $9::bigint[], $10::uuid[]) AS s (id, command_offset, event_key)
    ORDER BY s.id
),
logged AS (
    INSERT INTO execution_log (
        partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
        started_at, ended_at
    )
    SELECT $1, l.seq, l.execution_id, l.position, string_to_array(l.phases, ','), l.step_id,
        l.attempt, l.status, l.input, l.output, l.started_at, $4
    FROM unnest(
        $11::bigint[], $12::uuid[], $13::int[], $14::text[], $15::text[], $16::int[], $17::text[],
        $18::json[], $19::json[], $20::timestamptz[]
    ) AS l (
        seq, execution_id, position, phases, step_id, attempt, status, input, output, started_at
    )
)
UPDATE executions AS e
SET status = 'COMPLETED', updated_at = $4, finished_at = $4, steps_settled = 3
FROM unnest($21::uuid[]) AS u (id)
WHERE e.id = u.id
