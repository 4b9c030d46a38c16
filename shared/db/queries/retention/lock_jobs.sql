-- Some of Sixtyfour's jobs to which nothing was added since a time, and of which no execution is under way
-- or ended since then; nobody else changes them until the transaction ends.
-- As many rows as there are, at most $2.
SELECT j.id
FROM sixtyfour_jobs AS j
WHERE j.created_at < $1
    AND NOT EXISTS (
        SELECT
        FROM sixtyfour_job_blocks AS b
        LEFT JOIN executions AS x ON x.id = b.execution_id
        WHERE b.job_id = j.id
            AND (
                b.added_at >= $1
                OR (x.id IS NOT NULL AND (x.finished_at IS NULL OR x.finished_at >= $1))
            )
    )
LIMIT $2
FOR UPDATE OF j SKIP LOCKED
