-- Sets when a key stops counting: by revocation, by expiry, or both.
-- No row comes back.
UPDATE api_keys
SET revoked_at = $3, expires_at = $4
WHERE environment_id = $1 AND id = $2
