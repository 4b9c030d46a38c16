-- Whether a record went to the dead letters.
-- Zero rows: it did not.
SELECT 1 FROM letters WHERE place = ?
