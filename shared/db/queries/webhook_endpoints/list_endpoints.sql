-- Endpoints of an environment after a place in the order of creation.
-- Zero rows: there are no more.
SELECT e.id, e.environment_id, e.token_hash, e.spec, e.created_by, e.created_at, e.updated_at,
    e.address_made_at
FROM webhook_endpoints AS e
WHERE e.environment_id = $1
    AND ($2::timestamptz IS NULL OR (e.created_at, e.id) > ($2, $3::uuid))
ORDER BY e.created_at, e.id
LIMIT $4
