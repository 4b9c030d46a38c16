-- The first day that the archive of events still holds.
-- Always one row; null: the archive has no days yet.
SELECT to_date(right(min(c.relname::text), 8), 'YYYYMMDD')
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'events'::regclass
