-- Whether a timer of these partitions is due by a time; an execution loses its own at its end.
-- One row always.
SELECT EXISTS (SELECT FROM timers AS t WHERE t.partition = ANY ($1::int[]) AND t.due_at <= $2)
