-- The topics among the names $1.
-- Zero rows: none of them exists.
SELECT name, topic_id, partitions FROM bus_topics
WHERE name = ANY ($1::text[])
LIMIT cardinality($1::text[])
