-- Workflows after a place in the order of creation; a null leaves its filter out, and that of
-- the lifecycle leaves out what is archived.
-- Zero rows: no more.
SELECT w.id, w.environment_id, w.version, w.is_active, w.is_deleted, w.created_by, w.created_at,
    w.updated_at, v.dialect, v.lifecycle, v.definition, v.source
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE NOT w.is_deleted
    AND w.environment_id = $1
    AND ($2::text IS NULL OR v.dialect = $2)
    AND ($3::text IS NULL OR EXISTS (
        SELECT FROM json_array_elements(v.definition -> 'triggers') AS t
        WHERE t ->> 'event_name' = $3
    ))
    AND ($4::timestamptz IS NULL OR (w.created_at, w.id) > ($4, $5::uuid))
    AND CASE WHEN $6::text IS NULL THEN v.lifecycle <> 'archived' ELSE v.lifecycle = $6 END
ORDER BY w.created_at, w.id
LIMIT $7
