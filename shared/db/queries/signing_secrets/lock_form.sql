-- Has whoever else makes or ends secrets of a form in an environment wait until the transaction ends.
-- One row.
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 18))
