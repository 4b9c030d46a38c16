-- Waits until no other transaction changes workflows; the transaction's end frees it.
-- Always one row.
SELECT pg_advisory_xact_lock($1::bigint)
