-- Over how many partitions of commands the executions are spread.
-- Always one row.
SELECT coalesce(max(partition) + 1, 0) FROM partition_owners
