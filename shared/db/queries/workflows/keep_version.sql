-- Keeps a version of a workflow for ever; one that is there stays.
-- No rows ever.
INSERT INTO workflow_versions (
    workflow_id, version, dialect, lifecycle, definition, source, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workflow_id, version) DO NOTHING
