-- Notes that executions that ended before a time may be gone from now on, whatever was noted before.
-- No rows.
INSERT INTO pruned AS p (ended_before) VALUES ($1)
ON CONFLICT (is_only) DO UPDATE SET ended_before = excluded.ended_before
WHERE p.ended_before < excluded.ended_before
