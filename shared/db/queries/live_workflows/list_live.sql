-- What decides on events of the workflows that those may start, after an id.
-- Both tables are bounded: else each batch is joined to all that was read before it.
-- Zero rows: no more.
SELECT w.id, w.environment_id, w.version, w.is_active, v.dialect, v.lifecycle, v.definition,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = w.id AND q.version = w.version AND q.released_at IS NULL
    ) AS is_quarantined
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.id > $1 AND v.workflow_id > $1
    AND w.is_active AND NOT w.is_deleted AND v.lifecycle = 'ready'
ORDER BY w.id
LIMIT $2
