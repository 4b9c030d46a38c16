-- Keeps the seat of session $3, member $2 of group $1.
-- Zero rows: it is lost, to time or to a later session of the same name.
UPDATE bus_members SET seen_at = clock_timestamp()
WHERE group_name = $1 AND member = $2 AND session = $3
RETURNING member
