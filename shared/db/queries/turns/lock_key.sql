-- Waits until no other transaction gives turns of this key; the transaction's end frees it.
-- Always one row.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || encode($2::bytea, 'hex'), 1))
