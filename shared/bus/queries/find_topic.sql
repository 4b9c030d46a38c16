-- The topic named $1.
-- Zero rows: there is none.
SELECT topic_id, partitions FROM bus_topics WHERE name = $1
