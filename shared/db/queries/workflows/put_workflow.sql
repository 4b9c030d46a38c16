-- Makes this the current state of a workflow, a new one or one of the same environment.
-- Zero rows: a workflow of another environment has the id.
INSERT INTO workflows AS w (
    id, environment_id, version, is_active, is_deleted, created_at, updated_at, created_by,
    is_unindexed
)
VALUES ($1, $2, $3, $4, false, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE
SET version = excluded.version,
    is_active = excluded.is_active,
    is_deleted = false,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    created_by = excluded.created_by,
    is_unindexed = excluded.is_unindexed
WHERE w.environment_id = excluded.environment_id
RETURNING w.id
