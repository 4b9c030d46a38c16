-- The workflows of an environment as they were at a time, whose trigger names an event's type
-- (or the one workflow asked for, whatever its trigger). Zero rows: none.
SELECT w.id, w.environment_id, c.version, c.is_active, c.is_deleted, w.created_by, w.created_at,
    c.changed_at AS updated_at, v.dialect, v.lifecycle, v.definition, v.source
FROM workflows AS w
CROSS JOIN LATERAL (
    SELECT l.version, l.is_active, l.is_deleted, l.changed_at
    FROM workflow_changes AS l
    WHERE l.workflow_id = w.id AND l.changed_at <= $3
    ORDER BY l.changed_at DESC, l.change DESC
    LIMIT 1
) AS c
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = c.version
WHERE w.environment_id = $1
    AND NOT c.is_deleted
    AND CASE WHEN $4::uuid IS NOT NULL THEN w.id = $4 ELSE EXISTS (
        SELECT FROM json_array_elements(v.definition -> 'triggers') AS t
        WHERE t ->> 'event_name' = $2
            OR (t ->> 'event_name' LIKE '%*' AND starts_with($2, left(t ->> 'event_name', -1)))
    ) END
ORDER BY w.created_at, w.id
LIMIT $5
