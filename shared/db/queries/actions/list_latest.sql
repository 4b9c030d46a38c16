-- The names of an environment's actions, each with its latest version.
-- Zero rows: none is registered.
SELECT a.name, a.version
FROM (
    SELECT DISTINCT ON (v.name) v.name, v.version, v.is_deleted
    FROM actions AS v
    WHERE v.environment_id = $1
    ORDER BY v.name, v.version DESC
) AS a
WHERE NOT a.is_deleted
ORDER BY a.name
LIMIT $2
