-- The first $2 blocks of a job, in their order.
-- Zero rows: it has none.
SELECT block_id, parent_block_id, number, block_name, specs, execution_id, added_at
FROM sixtyfour_job_blocks
WHERE job_id = $1
ORDER BY number
LIMIT $2
