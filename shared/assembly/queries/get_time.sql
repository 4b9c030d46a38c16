-- The hour by the server's clock, whatever transaction it is asked in.
-- Always one row.
SELECT clock_timestamp();
