-- How many executors own partitions.
-- One row always.
SELECT count(DISTINCT owner) FROM partition_owners
