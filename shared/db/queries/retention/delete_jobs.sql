-- Deletes those of some locked jobs to which nothing was added since a time, with their blocks.
-- A row for each.
WITH old AS (
    SELECT j.id
    FROM unnest($1::uuid[]) AS j (id)
    WHERE NOT EXISTS (
        SELECT FROM sixtyfour_job_blocks AS b WHERE b.job_id = j.id AND b.added_at >= $2
    )
),
blocks AS (DELETE FROM sixtyfour_job_blocks WHERE job_id = ANY (ARRAY(SELECT id FROM old)))
DELETE FROM sixtyfour_jobs WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id
