-- Notes what is asked with the key that names an execution; the first request counts.
-- Zero rows: it was asked for before.
INSERT INTO start_keys (execution_id, asked, asked_at)
VALUES ($1, $2, $3)
ON CONFLICT (execution_id) DO NOTHING
RETURNING asked
