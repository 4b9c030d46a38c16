-- Adds a block to a job.
-- No rows.
INSERT INTO sixtyfour_job_blocks (
    job_id, block_id, environment_id, parent_block_id, number, block_name, specs, execution_id,
    added_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
