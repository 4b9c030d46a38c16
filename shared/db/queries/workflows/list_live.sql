-- Workflows that events may start, after an id.
-- Zero rows: no more.
SELECT w.id, w.environment_id, w.version, w.is_active, w.is_deleted, w.created_by, w.created_at,
    w.updated_at, v.dialect, v.lifecycle, v.definition, v.source,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = w.id AND q.version = w.version AND q.released_at IS NULL
    ) AS is_quarantined
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.id > $1 AND w.is_active AND NOT w.is_deleted AND v.lifecycle = 'ready'
ORDER BY w.id
LIMIT $2
