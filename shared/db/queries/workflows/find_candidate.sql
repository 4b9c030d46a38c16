-- A workflow of an environment as it was at a time, whatever its triggers name.
-- Zero rows: there was none.
SELECT w.id, w.environment_id, c.version, c.is_active, w.created_by, w.created_at,
    c.changed_at AS updated_at, v.dialect, v.lifecycle, v.definition, v.source,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = w.id AND q.version = c.version AND q.since <= $3
            AND (q.released_at IS NULL OR q.released_at > $3)
    ) AS is_quarantined
FROM workflows AS w
CROSS JOIN LATERAL (
    SELECT l.version, l.is_active, l.is_deleted, l.changed_at
    FROM workflow_changes AS l
    WHERE l.workflow_id = w.id AND l.changed_at <= $3
    ORDER BY l.changed_at DESC, l.change DESC
    LIMIT 1
) AS c
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = c.version
WHERE w.id = $2 AND w.environment_id = $1 AND NOT c.is_deleted
