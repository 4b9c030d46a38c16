-- The accounts that workflows of an environment name, each with when it was first named.
-- Zero rows: none is named.
SELECT v.definition #>> '{run_as,authorization_id}' AS id, min(w.created_at) AS created_at
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.environment_id = $1
    AND NOT w.is_deleted
    AND v.dialect = 'altostrat'
GROUP BY 1
HAVING v.definition #>> '{run_as,authorization_id}' IS NOT NULL
ORDER BY 2, 1
LIMIT $2
