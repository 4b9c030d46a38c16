-- Until the end of this transaction a statement waits at most a second for a lock.
-- Always one row.
SELECT set_config('lock_timeout', '1s', true)
