-- Lets events start a workflow again; which version was set aside stays known.
-- No rows ever.
UPDATE quarantines SET released_at = $2 WHERE workflow_id = $1 AND released_at IS NULL
