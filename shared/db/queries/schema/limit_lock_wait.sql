-- From now on a statement of this session waits at most so many milliseconds for a lock.
-- Always one row.
SELECT set_config('lock_timeout', $1::text, false);
