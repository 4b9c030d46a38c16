-- A job that nobody else changes until the transaction ends.
-- Zero rows: there is none.
SELECT id, environment_id, save_json, created_at, finished_at
FROM sixtyfour_jobs
WHERE id = $1
FOR UPDATE
