-- Sets a version of a workflow aside, and tells the matchers.
-- Zero rows: it is not the live one any more, or is set aside already.
WITH put AS (
    INSERT INTO quarantines (workflow_id, version, environment_id, code, event_key, since)
    SELECT w.id, w.version, w.environment_id, $3, $4, $5
    FROM workflows AS w
    WHERE w.id = $1 AND w.version = $2 AND w.is_active AND NOT w.is_deleted
    ON CONFLICT (workflow_id) WHERE released_at IS NULL DO NOTHING
    RETURNING workflow_id, version, environment_id
),
changed AS (
    INSERT INTO workflow_changes (workflow_id, version, is_active, is_deleted, changed_at)
    SELECT workflow_id, version, true, false, $5 FROM put
    RETURNING change
)
SELECT put.environment_id, pg_notify('turnout_workflows', changed.change::text)
FROM put CROSS JOIN changed
