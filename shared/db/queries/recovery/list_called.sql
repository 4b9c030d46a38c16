-- Executions of a partition after an id, in the order of ids, that were told something or have still to look
-- back for an event. Zero rows: there are no more.
WITH told AS (
    SELECT DISTINCT i.execution_id
    FROM inbox AS i
    WHERE i.partition = $1 AND i.execution_id > $2
    ORDER BY i.execution_id
    LIMIT $3
),
looking_back AS (
    SELECT DISTINCT w.execution_id
    FROM waits AS w
    WHERE w.partition = $1 AND NOT w.has_looked_back AND w.execution_id > $2
    ORDER BY w.execution_id
    LIMIT $3
)
SELECT execution_id FROM told
UNION
SELECT execution_id FROM looking_back
ORDER BY execution_id
LIMIT $3
