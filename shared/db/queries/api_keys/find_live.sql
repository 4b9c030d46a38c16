-- The key of a hash, unless it is revoked or has expired by $2.
-- Zero rows: there is none that counts.
SELECT k.id, k.environment_id, k.name, k.prefix, k.scopes, k.created_at, k.created_by,
    k.expires_at, k.last_used_at, k.revoked_at
FROM api_keys AS k
WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
