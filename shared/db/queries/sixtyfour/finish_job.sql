-- Lets a job take no more blocks; the first time stays.
-- No rows.
UPDATE sixtyfour_jobs SET finished_at = coalesce(finished_at, $2) WHERE id = $1
