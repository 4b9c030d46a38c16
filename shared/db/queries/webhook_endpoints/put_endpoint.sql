-- Makes an endpoint what it now is.
-- No rows ever.
UPDATE webhook_endpoints SET token_hash = $2, spec = $3, updated_at = $4, address_made_at = $5
WHERE id = $1
