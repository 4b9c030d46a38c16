-- Makes the archive's partitions for these days, where they are missing.
-- One empty row always.
SELECT ensure_event_days($1::date, $2::date)
