-- How many executors own partitions; partitions that none has ever owned have the owner ''.
-- One row always.
SELECT count(DISTINCT owner) FROM partition_owners WHERE owner <> ''
