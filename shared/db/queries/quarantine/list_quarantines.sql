-- Why those among some workflows that are set aside are, and since when.
-- Zero rows: none of them is.
SELECT q.workflow_id, q.version, q.code, q.event_key, q.since
FROM quarantines AS q
JOIN workflows AS w ON w.id = q.workflow_id AND w.version = q.version
WHERE q.workflow_id = ANY ($1::uuid[]) AND q.released_at IS NULL
LIMIT $2
