-- Before which end executions may be gone.
-- Zero rows: none was ever deleted.
SELECT ended_before FROM pruned
