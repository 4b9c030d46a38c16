-- The workflow that an address starts, in its current version, and by which trigger.
-- Zero rows: the address is nobody's, or its workflow is not live.
SELECT h.trigger_id, w.id, w.environment_id, w.version, w.is_active, w.is_deleted, w.created_by,
    w.created_at, w.updated_at, v.dialect, v.lifecycle, v.definition, v.source
FROM webhooks AS h
JOIN workflows AS w ON w.id = h.workflow_id
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
WHERE h.token_hash = $1
