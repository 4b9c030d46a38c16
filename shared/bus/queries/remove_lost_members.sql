-- Removes the seats of group $1 not kept for $2; one from the future is lost too (the clock moved).
-- Zero rows: all members are alive.
DELETE FROM bus_members
WHERE group_name = $1 AND abs(extract(epoch FROM clock_timestamp() - seen_at)) > $2::float8
