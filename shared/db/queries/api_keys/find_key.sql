-- A key of an environment.
-- Zero rows: there is none.
SELECT k.id, k.environment_id, k.name, k.prefix, k.scopes, k.created_at, k.created_by,
    k.expires_at, k.last_used_at, k.revoked_at
FROM api_keys AS k
WHERE k.environment_id = $1 AND k.id = $2
