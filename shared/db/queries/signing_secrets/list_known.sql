-- What is known of an environment's own secrets of one form, or of all, that count; the latest first.
-- Zero rows: none counts.
SELECT k.id, k.environment_id, k.subscription_id, k.form, k.ending, k.public_key, k.created_at,
    k.expires_at
FROM signing_secrets AS k
WHERE k.environment_id = $1 AND k.subscription_id IS NULL AND ($2::text IS NULL OR k.form = $2)
    AND (k.expires_at IS NULL OR k.expires_at > $3)
ORDER BY k.form, k.created_at DESC, k.id
LIMIT $4
