-- Notes what must be on a topic.
-- What is noted already stays as it is.
INSERT INTO wanted (topic, id, subject, digest, cut, hash, since)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
