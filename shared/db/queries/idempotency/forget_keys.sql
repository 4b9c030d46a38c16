-- Forgets some of the keys that were taken before a time; others may do so at once.
-- As many rows as there were, at most $2.
DELETE FROM idempotency_keys
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE held_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
))
RETURNING environment_id
