-- Keys of an environment after a place in the order of creation, also those that count no more.
-- Zero rows: no more.
SELECT k.id, k.environment_id, k.name, k.prefix, k.scopes, k.created_at, k.created_by,
    k.expires_at, k.last_used_at, k.revoked_at
FROM api_keys AS k
WHERE k.environment_id = $1
    AND ($2::timestamptz IS NULL OR (k.created_at, k.id) > ($2, $3::uuid))
ORDER BY k.created_at, k.id
LIMIT $4
