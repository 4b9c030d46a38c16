-- Seats member $2 of group $1 under session $3; an earlier session of that name loses the seat.
-- Always one row. Seats run on the database's clock: it is the one that all members share.
INSERT INTO bus_members (group_name, member, session, topics, seen_at)
VALUES ($1, $2, $3, $4, clock_timestamp())
ON CONFLICT (group_name, member) DO UPDATE
SET session = excluded.session, topics = excluded.topics, seen_at = excluded.seen_at
