-- Waits until no other transaction changes this event type; the transaction's end frees it.
-- Always one row.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::text, 1))
