-- Executions of a partition that were told something, or have still to look back for an event.
-- Zero rows: none.
SELECT i.execution_id FROM inbox AS i WHERE i.partition = $1
UNION
SELECT w.execution_id FROM waits AS w WHERE w.partition = $1 AND NOT w.has_looked_back
LIMIT $2
