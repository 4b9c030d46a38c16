-- What was found of what must be on a topic.
-- Zero rows: it was not noted as wanted.
SELECT hash, since, partition, place FROM wanted WHERE topic = ? AND id = ?
