-- What of a topic was not found, found more than once, or found with other bytes.
-- Zero rows: all is as it must be.
SELECT id, subject, hash, since, partition, place, copies, differs
FROM wanted
WHERE topic = ? AND (copies <> 1 OR differs)
ORDER BY id
