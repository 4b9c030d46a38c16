-- The number of the latest change.
-- One row always; 0 when nothing ever changed.
SELECT coalesce(max(c.change), 0) AS change FROM workflow_changes AS c
