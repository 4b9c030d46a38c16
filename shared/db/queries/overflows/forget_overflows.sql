-- Forgets what is kept of events of days before a date.
-- No rows ever.
DELETE FROM overflows WHERE received_on < $1
