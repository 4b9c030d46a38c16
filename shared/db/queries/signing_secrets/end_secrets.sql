-- Ends the secrets of a subscription, or those of an environment's own of a form, at a time unless
-- they end before. A row for each that has not ended yet.
UPDATE signing_secrets
SET expires_at = least(expires_at, $4)
WHERE environment_id = $1 AND subscription_id IS NOT DISTINCT FROM $2::uuid
    AND ($2::uuid IS NOT NULL OR form = $3) AND (expires_at IS NULL OR expires_at > $5)
RETURNING id
