-- Opens a job that is built block by block.
-- No rows.
INSERT INTO sixtyfour_jobs (id, environment_id, save_json, created_at)
VALUES ($1, $2, $3, $4)
