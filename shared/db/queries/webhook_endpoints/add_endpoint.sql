-- Keeps a new endpoint; gives its id.
-- Zero rows: the environment has as many as it may have.
INSERT INTO webhook_endpoints (
    id, environment_id, token_hash, spec, created_by, created_at, updated_at, address_made_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
WHERE (SELECT count(*) FROM webhook_endpoints AS e WHERE e.environment_id = $2) < $9
RETURNING id
