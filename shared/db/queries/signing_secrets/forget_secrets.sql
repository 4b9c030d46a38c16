-- Forgets secrets that ended before a time.
-- As many rows as there were, at most $2.
DELETE FROM signing_secrets
WHERE id = ANY (ARRAY(
    SELECT k.id FROM signing_secrets AS k WHERE k.expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
))
RETURNING id
