-- Other workflows of an environment whose steps call a workflow, by their names.
-- Zero rows: none does.
SELECT w.id, v.definition ->> 'name' AS name
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.environment_id = $1
    AND NOT w.is_deleted
    AND w.id <> $2
    AND EXISTS (
        SELECT
        FROM json_array_elements(v.definition -> 'steps') AS s (step)
        WHERE s.step #>> '{subworkflow,workflow_id}' = $2::text
            OR s.step #>> '{iterator,body,subworkflow,workflow_id}' = $2::text
    )
ORDER BY w.created_at, w.id
LIMIT $3
