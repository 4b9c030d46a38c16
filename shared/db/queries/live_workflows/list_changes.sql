-- Changes after a number, in the order they were committed, each with what decides on events in the
-- version it made current.
-- Zero rows: nothing has changed.
SELECT c.change, w.id, w.environment_id, c.version, c.is_active, c.is_deleted, v.dialect,
    v.lifecycle, v.definition,
    EXISTS (
        SELECT FROM quarantines AS q
        WHERE q.workflow_id = w.id AND q.version = c.version AND q.released_at IS NULL
    ) AS is_quarantined
FROM workflow_changes AS c
JOIN workflows AS w ON w.id = c.workflow_id
JOIN workflow_versions AS v ON v.workflow_id = c.workflow_id AND v.version = c.version
WHERE c.change > $1
ORDER BY c.change
LIMIT $2
