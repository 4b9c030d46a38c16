-- Those of some executions that wait for a person.
-- Zero rows: none does.
SELECT DISTINCT w.execution_id
FROM waits AS w
WHERE w.execution_id = ANY ($1) AND w.kind IN ('approval', 'form')
LIMIT cardinality($1::uuid[])
