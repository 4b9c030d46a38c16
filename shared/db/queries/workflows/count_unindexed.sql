-- How many live workflows of an environment, other than one, every event of theirs must try.
-- One row always.
SELECT count(*) AS unindexed
FROM workflows AS w
WHERE w.environment_id = $1 AND w.id <> $2
    AND w.is_unindexed AND w.is_active AND NOT w.is_deleted
