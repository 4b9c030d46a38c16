-- How many commands were taken in, and whether an execution that one of them started is under way.
-- One row always; NULL and false while no partition has an owner.
SELECT
    sum(o.consumed_offset)::bigint AS consumed,
    EXISTS (
        SELECT
        FROM partition_owners AS p
        CROSS JOIN LATERAL (
            SELECT e.id
            FROM executions AS e
            WHERE e.partition = p.partition AND e.command_offset >= p.active_offset
                AND e.status = 'RUNNING'
            ORDER BY e.command_offset
            LIMIT 1
        ) AS busy
    ) AS is_busy
FROM partition_owners AS o
