-- Waits until no other session changes the schema; the session's end frees it.
-- Always one row.
SELECT pg_advisory_lock($1::bigint);
