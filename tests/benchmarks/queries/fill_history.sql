-- The history of events $1 to $2 of $3, evenly over the 30 days before $4: each in the archive, as the
-- record $7 with its own marks, and with an execution of one of $6 workflows in environment $5. Of a
-- hundred, 80 completed, 8 failed with error $8, 2 were cancelled, 8 wait, 2 run. Zero rows always.
WITH drawn AS (
    SELECT n, md5('event-' || n)::uuid AS event_key, md5('execution-' || n)::uuid AS id,
        md5('workflow-' || abs(hashint4(n)) % $6)::uuid AS workflow_id,
        $4::timestamptz - interval '30 days' * (n::double precision / $3) AS at,
        'order:' || abs(hashint4(n)) % $6 AS type,
        abs(hashint4(-n)) % 100 AS share
    FROM generate_series($1::int, $2::int) AS n
),
made AS (
    SELECT d.n, d.event_key, d.id, d.workflow_id, d.at, d.type,
        CASE
            WHEN d.share < 80 THEN 'COMPLETED'
            WHEN d.share < 88 THEN 'FAILED'
            WHEN d.share < 90 THEN 'CANCELLED'
            WHEN d.share < 98 THEN 'WAITING'
            ELSE 'RUNNING'
        END AS status,
        replace(replace(replace(replace(
            $7::text,
            '"<number>"', d.n::text),
            '<key>', d.event_key::text),
            '<type>', d.type),
            '<at>', to_char(d.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        )::json AS record
    FROM drawn AS d
),
known AS (
    INSERT INTO event_keys (key, received_on, body_hash, origin)
    SELECT m.event_key, (m.at AT TIME ZONE 'UTC')::date, '', 'benchmark' FROM made AS m
),
archived AS (
    INSERT INTO events (received_on, key, environment_id, type, received_at, record)
    SELECT (m.at AT TIME ZONE 'UTC')::date, m.event_key, $5, m.type, m.at, m.record FROM made AS m
),
started AS (
    INSERT INTO executions (
        id, partition, command_offset, environment_id, workflow_id, workflow_version, event_key,
        created_at, status, updated_at, finished_at, steps_settled, error, cancel_requested_at
    )
    SELECT m.id, m.n % 2, m.n, $5, m.workflow_id, 1, m.event_key, m.at, m.status, m.at,
        CASE WHEN m.status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN m.at END, 3,
        CASE WHEN m.status = 'FAILED' THEN $8::json END,
        CASE WHEN m.status = 'CANCELLED' THEN m.at END
    FROM made AS m
)
INSERT INTO execution_log (
    partition, seq, execution_id, position, phases, step_id, attempt, status, input, output,
    started_at, ended_at
)
SELECT m.n % 2, m.n::bigint * 4 + k, m.id, k + 1,
    (CASE k WHEN 0 THEN '{created,started}' ELSE '{}' END)::text[],
    (ARRAY[NULL, 'first', 'second', 'third'])[k + 1],
    CASE WHEN k > 0 THEN 1 END,
    CASE WHEN k > 0 THEN 'COMPLETED' END,
    CASE WHEN k = 0 THEN m.record END,
    CASE WHEN k > 0 THEN json_build_object('number', m.n, 'step', k) END,
    CASE WHEN k > 0 THEN m.at END,
    m.at
FROM made AS m, generate_series(0, 3) AS k
