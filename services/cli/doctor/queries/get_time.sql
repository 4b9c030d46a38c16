-- The hour by the server's clock, to hold ours against.
-- Always one row.
SELECT clock_timestamp()
