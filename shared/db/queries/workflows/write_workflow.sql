-- Makes a version the current one of its workflow, keeps it for ever, and tells the matchers.
-- One row always: the number of the change.
WITH written AS (
    INSERT INTO workflows (
        id, environment_id, version, is_active, is_deleted, created_at, updated_at, created_by
    )
    VALUES ($1, $2, $3, $4, false, $9, $10, $11)
    ON CONFLICT (id) DO UPDATE
    SET environment_id = excluded.environment_id,
        version = excluded.version,
        is_active = excluded.is_active,
        is_deleted = false,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at,
        created_by = excluded.created_by
    RETURNING id
),
kept AS (
    INSERT INTO workflow_versions (
        workflow_id, version, dialect, lifecycle, definition, source, created_at
    )
    VALUES ($1, $3, $5, $6, $7, $8, $10)
    ON CONFLICT (workflow_id, version) DO NOTHING
),
changed AS (
    INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
    SELECT id, $3, $4, false, $10 FROM written
    RETURNING change
)
SELECT change, pg_notify('turnout_workflows', change::text) FROM changed
