-- Notes signs of life of workers, of each task that is waited for in just that attempt; a null leaves
-- what was said before. Rows that others hold are passed over. Gives the tasks noted; zero rows: none.
WITH told AS (
    SELECT b.execution_id, b.step_id, b.attempt, b.progress, b.claimed_until
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::json[], $5::timestamptz[])
        AS b (execution_id, step_id, attempt, progress, claimed_until)
),
found AS (
    SELECT w.execution_id, w.step_id
    FROM told AS b
    JOIN waits AS w USING (execution_id, step_id, attempt)
    WHERE w.kind = 'task'
    FOR NO KEY UPDATE OF w SKIP LOCKED
)
UPDATE waits AS w
SET beaten_at = greatest(w.beaten_at, $6),
    progress = coalesce(b.progress, w.progress),
    claimed_until = coalesce(b.claimed_until, w.claimed_until)
FROM found AS f JOIN told AS b USING (execution_id, step_id)
WHERE w.execution_id = f.execution_id AND w.step_id = f.step_id
RETURNING w.execution_id, w.step_id, w.attempt
