-- Executions before a place in the order of creation, latest first, of at most $17 that are looked at; a
-- null leaves its condition out. If so many were, the last of them is there whether it matches or not.
-- Zero rows: nothing is left to look at.
WITH looked_at AS (
    -- Nothing but what an index has: whatever else is asked would be looked at, and not be counted.
    SELECT x.id, x.workflow_id, x.workflow_version, x.event_key, x.status, x.created_at,
        x.updated_at, x.finished_at, x.steps_settled, x.error, x.cancel_requested_at,
        x.cancel_reason, x.expires_at, x.result_at, x.lineage,
        row_number() OVER (ORDER BY x.created_at DESC, x.id DESC) AS nth
    FROM executions AS x
    WHERE x.environment_id = $1
        AND ($2::uuid IS NULL OR x.workflow_id = $2)
        AND ($3::uuid IS NULL OR x.event_key = $3)
        AND ($4::uuid IS NULL OR x.id = ANY (ARRAY(SELECT children_of_execution($4))))
        AND ($5::uuid IS NULL OR x.id = ANY (ARRAY(SELECT descendants_of_event($5))))
        AND ($6::text[] IS DISTINCT FROM '{FAILED}' OR x.error IS NOT NULL)
        AND ($7::timestamptz IS NULL OR x.created_at >= $7)
        AND ($8::timestamptz IS NULL OR x.created_at < $8)
        AND ($10::timestamptz IS NULL OR x.created_at < $10)  -- none ends before it is created
        AND ($11::timestamptz IS NULL OR (x.created_at, x.id) < ($11, $12::uuid))
        AND ($19::uuid[] IS NULL OR x.id = ANY ($19))
    ORDER BY x.created_at DESC, x.id DESC
    LIMIT $17
),
found AS (
    SELECT l.id, l.workflow_id, l.workflow_version, l.event_key, l.status, l.created_at,
        l.updated_at, l.finished_at, l.steps_settled, l.error, l.cancel_requested_at,
        l.cancel_reason, l.expires_at, l.result_at, l.lineage, l.nth, m.is_match
    FROM looked_at AS l
    CROSS JOIN LATERAL (
        SELECT ($6::text[] IS NULL OR l.status = ANY ($6))
            AND ($20::int IS NULL OR l.workflow_version = $20)
            AND ($9::timestamptz IS NULL OR coalesce(l.finished_at >= $9, false))
            AND ($10::timestamptz IS NULL OR coalesce(l.finished_at < $10, false))
            AND (
                ($13::text IS NULL AND $14::jsonb IS NULL)
                OR EXISTS (
                    SELECT
                    FROM execution_log AS g
                    -- No text of Postgres has U+0000, which expressions can make, at whatever place: a
                    -- mark stands for it, as for all that could not be told.
                    CROSS JOIN LATERAL (
                        SELECT replace(g.input::text, '\u0000', '\ufffd')::json AS input OFFSET 0
                    ) AS e
                    WHERE g.execution_id = l.id AND g.position = 1
                        AND ($13 IS NULL OR e.input ->> 'type' = $13)
                        AND ($14 IS NULL OR (e.input -> 'data')::jsonb @> $14)
                )
            )
            AND (
                $15::jsonb IS NULL
                OR EXISTS (
                    SELECT
                    FROM execution_log AS g
                    WHERE g.execution_id = l.id
                        AND g.position = CASE
                            WHEN l.result_at IS NOT NULL THEN l.result_at
                            WHEN l.status = 'COMPLETED' THEN (
                                SELECT s.position
                                FROM execution_log AS s
                                WHERE s.execution_id = l.id AND s.status = 'COMPLETED'
                                    AND s.step_id !~ '^[$]|[]!]$'
                                ORDER BY s.position DESC
                                LIMIT 1
                            )
                        END
                        AND replace(g.output::text, '\u0000', '\ufffd')::jsonb @> $15
                )
            )
            AND (
                $18::text IS NULL
                OR EXISTS (
                    SELECT
                    FROM workflow_versions AS w
                    WHERE w.workflow_id = l.workflow_id AND w.version = l.workflow_version
                        AND w.dialect = $18
                )
                AND NOT EXISTS (SELECT FROM hidden_runs AS h WHERE h.execution_id = l.id)
            ) AS is_match
        OFFSET 0
    ) AS m
    WHERE m.is_match OR l.nth = $17
    ORDER BY l.created_at DESC, l.id DESC
    LIMIT $16
)
SELECT f.id, $1 AS environment_id, f.workflow_id, f.workflow_version,
    v.definition ->> 'name' AS workflow_name,
    left(encode(sha256(convert_to(v.definition::text, 'UTF8')), 'hex'), 16) AS revision,
    f.event_key, f.status, f.created_at, f.updated_at, f.finished_at, f.steps_settled,
    json_array_length(v.definition -> 'steps')
        + (json_array_length(coalesce(v.definition -> 'annotations', '[]')) > 0)::int
        + (coalesce(json_typeof(v.definition -> 'result'), 'null') <> 'null')::int
        + (coalesce(json_typeof(v.definition #> '{policy,concurrency_key}'), 'null') <> 'null')::int
        AS steps_total,
    f.error, f.cancel_requested_at, f.cancel_reason, f.expires_at, f.result_at, f.lineage,
    f.nth, f.is_match
FROM found AS f
JOIN workflow_versions AS v
    ON v.workflow_id = f.workflow_id AND v.version = f.workflow_version
ORDER BY f.created_at DESC, f.id DESC
