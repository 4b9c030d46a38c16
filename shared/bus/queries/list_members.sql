-- Who sits in group $1, and for which topics; at most 10,000.
-- Zero rows: nobody.
SELECT member, topics FROM bus_members WHERE group_name = $1 ORDER BY member LIMIT 10000
