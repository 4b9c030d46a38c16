-- Ends an action; its versions stay.
-- Zero rows: there is none.
UPDATE actions AS a
SET is_deleted = true, updated_at = $3
WHERE a.environment_id = $1
    AND a.name = $2
    AND NOT a.is_deleted
    AND a.version = (
        SELECT max(b.version) FROM actions AS b
        WHERE b.environment_id = $1 AND b.name = $2
    )
RETURNING a.version
