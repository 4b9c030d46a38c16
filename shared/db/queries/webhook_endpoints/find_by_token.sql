-- The endpoint whose address ends with a token of this hash, in whatever environment.
-- Zero rows: it is the address of no endpoint.
SELECT e.id, e.environment_id, e.token_hash, e.spec, e.created_by, e.created_at, e.updated_at,
    e.address_made_at
FROM webhook_endpoints AS e
WHERE e.token_hash = $1
