-- Workflows for a search to tell apart, each as the one registered first, under a name of its own.
-- Zero rows always.
WITH model AS (
    SELECT v.workflow_id, v.dialect, v.lifecycle, v.definition, v.source, w.environment_id
    FROM workflow_versions AS v
    JOIN workflows AS w ON w.id = v.workflow_id AND w.version = v.version
    ORDER BY w.created_at
    LIMIT 1
),
made AS (
    INSERT INTO workflows (id, environment_id, version, is_active, created_at, updated_at)
    SELECT md5('workflow-' || n)::uuid, model.environment_id, 1, false, $2, $2
    FROM model, generate_series(0, $1::int - 1) AS n
    RETURNING id
)
INSERT INTO workflow_versions (
    workflow_id, version, dialect, lifecycle, definition, source, created_at
)
SELECT made.id, 1, model.dialect, model.lifecycle, model.definition, model.source, $2
FROM made, model
