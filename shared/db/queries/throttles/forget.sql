-- Forgets throttles whose last window ended before a time: the next call begins a new one.
-- No rows.
DELETE FROM throttles WHERE ends_at < $1
