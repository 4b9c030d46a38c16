-- A place for one call, in the last window given out while it has room, else in the next one.
-- Always one row: when its window ends, one length after it begins.
INSERT INTO throttles AS t (environment_id, action, key, ends_at, used)
VALUES ($1, $2, $3, $4::timestamptz + $5::interval, 1)
ON CONFLICT (environment_id, action, key) DO UPDATE
SET ends_at = CASE
        WHEN t.ends_at <= $4 THEN excluded.ends_at
        WHEN t.used < $6 THEN t.ends_at
        ELSE t.ends_at + $5
    END,
    used = CASE WHEN t.ends_at > $4 AND t.used < $6 THEN t.used + 1 ELSE 1 END
RETURNING ends_at
