-- Workflows after a place in the order of creation; a null leaves its filter out, and that of
-- the lifecycle leaves out what is archived.
-- Zero rows: no more.
SELECT w.id, w.environment_id, w.version, w.is_active, w.is_deleted, w.created_by, w.created_at,
    w.updated_at, v.dialect, v.lifecycle, v.definition, v.source
FROM (
    SELECT a.id, a.environment_id, a.version, a.is_active, a.is_deleted, a.created_by,
        a.created_at, a.updated_at
    FROM workflows AS a
    WHERE $3::text IS NULL AND a.environment_id = $1
    UNION ALL
    SELECT n.id, n.environment_id, n.version, n.is_active, n.is_deleted, n.created_by,
        n.created_at, n.updated_at
    FROM trigger_names AS t
    JOIN workflows AS n ON n.id = t.workflow_id AND n.version = t.version
    WHERE t.environment_id = $1 AND t.event_name = $3
) AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE NOT w.is_deleted
    AND ($2::text IS NULL OR v.dialect = $2)
    AND ($4::timestamptz IS NULL OR (w.created_at, w.id) > ($4, $5::uuid))
    AND CASE WHEN $6::text IS NULL THEN v.lifecycle <> 'archived' ELSE v.lifecycle = $6 END
    AND ($8::uuid[] IS NULL OR w.id = ANY ($8))
ORDER BY w.created_at, w.id
LIMIT $7
