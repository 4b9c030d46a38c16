-- Locks group $1 until the transaction ends: one member at a time changes who owns what.
-- Zero rows: nobody ever joined it.
SELECT group_name FROM bus_groups WHERE group_name = $1 FOR UPDATE
