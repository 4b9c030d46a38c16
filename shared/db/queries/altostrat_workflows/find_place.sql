-- Where in the order of creation the $2 first of Altostrat's workflows of an environment end.
-- Zero rows: there are not so many.
SELECT w.created_at, w.id
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE w.environment_id = $1
    AND NOT w.is_deleted
    AND v.lifecycle <> 'archived'
    AND v.dialect = 'altostrat'
ORDER BY w.created_at, w.id
OFFSET $2 - 1
LIMIT 1
