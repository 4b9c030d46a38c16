-- Versions of a workflow before a number, the latest first, with who made each: the change that was
-- noted within a minute of it. Zero rows: there are no more.
SELECT w.id, w.environment_id, v.version, w.is_active, w.created_by, w.created_at,
    v.created_at AS updated_at, v.dialect, v.lifecycle, v.definition, v.source,
    (
        SELECT a.principal
        FROM audit_log AS a
        WHERE a.environment_id = w.environment_id
            AND a.at >= v.created_at
            AND a.at < v.created_at + interval '1 minute'
            AND a.target = 'workflow:' || w.id
            AND a.after ->> 'version' = v.version::text
        ORDER BY a.at, a.id
        LIMIT 1
    ) AS made_by
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id
WHERE w.id = $1 AND v.version < $2
ORDER BY v.version DESC
LIMIT $3
