-- Lets a request hold a key: a new one, one past its time ($6), or one whose holder fell silent ($7).
-- Zero rows: another request holds it, or has been answered.
INSERT INTO idempotency_keys AS k (environment_id, key, asked, holder, held_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (environment_id, key) DO UPDATE
SET asked = excluded.asked,
    holder = excluded.holder,
    held_at = excluded.held_at,
    done = NULL,
    status = NULL,
    headers = NULL,
    body = NULL
WHERE k.held_at < $6 OR (k.status IS NULL AND k.done IS NULL AND k.held_at < $7)
RETURNING k.holder
