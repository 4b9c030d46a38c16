-- The topics on which something is wanted.
-- Zero rows: nothing is.
SELECT DISTINCT topic FROM wanted ORDER BY topic
