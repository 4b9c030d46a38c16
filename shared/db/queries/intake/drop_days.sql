-- Drops the archive's days before a date.
-- One row always: how many were dropped.
SELECT drop_event_days($1::date) AS dropped
