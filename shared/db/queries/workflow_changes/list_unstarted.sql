-- Of some workflows, each with the execution that an event starts, those that were changed after a time, until
-- another, and whose execution there is not. Zero rows: none.
SELECT s.workflow_id
FROM unnest($1::uuid[], $2::uuid[]) AS s (workflow_id, execution_id)
WHERE NOT EXISTS (SELECT FROM executions AS x WHERE x.id = s.execution_id)
    AND EXISTS (
        SELECT FROM workflow_changes AS c
        WHERE c.workflow_id = s.workflow_id AND c.changed_at > $3 AND c.changed_at <= $4
    )
ORDER BY s.workflow_id
LIMIT $5
