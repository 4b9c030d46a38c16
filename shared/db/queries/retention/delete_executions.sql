-- Deletes the executions of environment $1 that ended before $4 and that nothing holds, with all that
-- is kept of them, among the next $5 after the place ($2, $3) in the order of creation; of those as many
-- as have $6 log entries together, or else the first. Others may do so at once. One row: the last
-- place it has come to, and how much it has deleted. Zero rows: nobody old enough comes after the place.
WITH looked_at AS (
    SELECT x.id, x.partition, x.created_at, x.finished_at,
        (x.lineage #>> '{parent,execution_id}')::uuid AS parent_id
    FROM executions AS x
    WHERE x.environment_id = $1 AND (x.created_at, x.id) > ($2, $3::uuid) AND x.created_at < $4
    ORDER BY x.created_at, x.id
    LIMIT $5
),
judged AS (
    SELECT l.created_at, l.id, o.entries, row_number() OVER places AS nth,
        sum(o.entries) OVER places AS entries_up_to
    FROM looked_at AS l
    LEFT JOIN LATERAL (
        -- Positions count from 1: the last one says how many entries there are.
        SELECT coalesce(e.position, 0) AS entries
        FROM partition_owners AS p
        LEFT JOIN LATERAL (
            SELECT g.seq, g.position
            FROM execution_log AS g
            WHERE g.execution_id = l.id
            ORDER BY g.position DESC
            LIMIT 1
        ) AS e ON true
        WHERE l.finished_at < $4
            AND p.partition = l.partition
            AND coalesce(e.seq, 0) <= p.emitted_seq
            AND NOT EXISTS (
                SELECT FROM executions AS a WHERE a.id = l.parent_id AND a.finished_at IS NULL
            )
            AND NOT EXISTS (
                SELECT
                FROM executions AS c
                WHERE c.lineage #>> '{parent,execution_id}' = l.id::text
                    AND (c.finished_at IS NULL OR c.created_at >= $4)
            )
            AND NOT EXISTS (
                SELECT
                FROM executions AS r
                WHERE r.lineage #>> '{repeats,execution_id}' = l.id::text
                    AND (r.finished_at IS NULL OR r.created_at >= $4)
            )
            AND NOT EXISTS (SELECT FROM schedules AS s WHERE s.execution_id = l.id)
            AND NOT EXISTS (SELECT FROM turns AS t WHERE t.execution_id = l.id)
            AND NOT EXISTS (SELECT FROM sixtyfour_job_blocks AS b WHERE b.execution_id = l.id)
    ) AS o ON true
    WINDOW places AS (ORDER BY l.created_at, l.id)
),
taken AS (
    SELECT j.created_at, j.id, j.entries
    FROM judged AS j
    WHERE j.nth = 1 OR coalesce(j.entries_up_to, 0) <= $6
),
locked AS (
    SELECT x.id
    FROM executions AS x
    WHERE x.id = ANY (ARRAY(SELECT t.id FROM taken AS t WHERE t.entries IS NOT NULL))
    ORDER BY x.id
    FOR UPDATE SKIP LOCKED
),
told AS (DELETE FROM inbox WHERE execution_id = ANY (ARRAY(SELECT id FROM locked))),
timed AS (DELETE FROM timers WHERE execution_id = ANY (ARRAY(SELECT id FROM locked))),
waited AS (DELETE FROM waits WHERE execution_id = ANY (ARRAY(SELECT id FROM locked))),
hidden AS (DELETE FROM hidden_runs WHERE execution_id = ANY (ARRAY(SELECT id FROM locked))),
logged AS (
    DELETE FROM execution_log
    WHERE execution_id = ANY (ARRAY(SELECT id FROM locked))
    RETURNING seq
),
gone AS (
    DELETE FROM executions WHERE id = ANY (ARRAY(SELECT id FROM locked)) RETURNING id
)
SELECT t.created_at, t.id, (SELECT count(*) FROM gone) AS executions,
    (SELECT count(*) FROM logged) AS entries
FROM taken AS t
ORDER BY t.created_at DESC, t.id DESC
LIMIT 1
