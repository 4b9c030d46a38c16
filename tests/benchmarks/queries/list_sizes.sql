-- How large these tables are on disk, with their indexes.
-- Zero rows: there are no such tables.
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c
WHERE c.relname = ANY ($1::text[]) AND c.relkind = 'r'
ORDER BY c.relname
LIMIT 100
