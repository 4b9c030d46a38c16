-- The public half of a key pair that signs an environment's messages now.
-- Zero rows: there is no such pair, or it signs no more.
SELECT k.public_key
FROM signing_secrets AS k
WHERE k.id = $1 AND k.subscription_id IS NULL AND k.public_key IS NOT NULL
    AND (k.expires_at IS NULL OR k.expires_at > $2)
