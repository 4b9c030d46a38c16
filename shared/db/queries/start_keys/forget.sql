-- Forgets what was asked before a time.
-- No rows.
DELETE FROM start_keys WHERE asked_at < $1
