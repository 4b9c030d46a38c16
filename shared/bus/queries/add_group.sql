-- Makes sure that group $1 has a row to lock.
-- Zero rows: it had.
INSERT INTO bus_groups (group_name) VALUES ($1) ON CONFLICT (group_name) DO NOTHING
