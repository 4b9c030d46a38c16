-- An endpoint of an environment.
-- Zero rows: it has none of this id.
SELECT e.id, e.environment_id, e.token_hash, e.spec, e.created_by, e.created_at, e.updated_at,
    e.address_made_at
FROM webhook_endpoints AS e
WHERE e.environment_id = $1 AND e.id = $2
