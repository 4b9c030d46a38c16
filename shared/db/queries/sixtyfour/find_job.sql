-- A job.
-- Zero rows: there is none.
SELECT id, environment_id, save_json, created_at, finished_at
FROM sixtyfour_jobs
WHERE id = $1
