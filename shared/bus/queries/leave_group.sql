-- Gives up the seat of session $2 in group $1.
-- Zero rows: it was lost already.
DELETE FROM bus_members WHERE group_name = $1 AND session = $2
