-- The workflows of an environment as they were at a time, one of whose triggers names an event's type,
-- after a place in the order of creation. Zero rows: no more.
SELECT f.workflow_id AS id, v.environment_id, f.version, f.is_active, v.created_by, f.created_at,
    f.changed_at AS updated_at, v.dialect, v.lifecycle, v.definition, v.source,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = f.workflow_id AND q.version = f.version AND q.since <= $3
            AND (q.released_at IS NULL OR q.released_at > $3)
    ) AS is_quarantined
FROM (
    SELECT DISTINCT n.created_at, n.workflow_id, n.version, n.is_active, n.changed_at
    FROM (
        SELECT $2 AS event_name
        UNION
        SELECT left($2, length) || '*' FROM generate_series(0, length($2)) AS length
    ) AS a
    -- Each name's are walked in the order of the index, until there are as many as are asked for.
    CROSS JOIN LATERAL (
        SELECT t.created_at, t.workflow_id, t.version, c.is_active, c.changed_at
        FROM trigger_names AS t
        CROSS JOIN LATERAL (
            SELECT l.version, l.is_active, l.is_deleted, l.changed_at
            FROM workflow_changes AS l
            WHERE l.workflow_id = t.workflow_id AND l.changed_at <= $3
            ORDER BY l.changed_at DESC, l.change DESC
            LIMIT 1
        ) AS c
        WHERE t.environment_id = $1
            AND t.event_name = a.event_name
            AND (t.created_at, t.workflow_id) > (
                coalesce($5, timestamptz '-infinity'),
                coalesce($6, uuid '00000000-0000-0000-0000-000000000000')
            )
            AND c.version = t.version
            AND NOT c.is_deleted
        ORDER BY t.created_at, t.workflow_id
        LIMIT $4
    ) AS n
    ORDER BY n.created_at, n.workflow_id
    LIMIT $4
) AS f
-- A LIMIT keeps it a look-up for each, whatever number of rows the plan expects.
CROSS JOIN LATERAL (
    SELECT w.environment_id, w.created_by, o.dialect, o.lifecycle, o.definition, o.source
    FROM workflows AS w
    JOIN workflow_versions AS o ON o.workflow_id = w.id
    WHERE w.id = f.workflow_id AND o.version = f.version
    LIMIT 1
) AS v
ORDER BY f.created_at, f.workflow_id
