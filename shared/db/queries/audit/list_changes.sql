-- Changes in an environment, the latest first, before a place; each filter that is null lets all by.
-- Zero rows: no more.
SELECT a.id, a.environment_id, a.at, a.principal, a.action, a.target, a.before, a.after,
    a.request_id
FROM audit_log AS a
WHERE a.environment_id = $1
    AND ($2::text IS NULL OR a.target = $2)
    AND ($3::text IS NULL OR a.principal = $3)
    AND ($4::timestamptz IS NULL OR a.at >= $4)
    AND ($5::timestamptz IS NULL OR a.at < $5)
    AND ($6::timestamptz IS NULL OR (a.at, a.id) < ($6, $7::uuid))
ORDER BY a.at DESC, a.id DESC
LIMIT $8
