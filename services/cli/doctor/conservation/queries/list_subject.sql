-- What is wanted on a topic for one reason, found or not.
-- Zero rows: nothing is.
SELECT id, hash, since, partition, place FROM wanted WHERE topic = ? AND subject = ? ORDER BY id
