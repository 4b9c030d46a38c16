-- When the next schedule is due.
-- One row always; null: there is no schedule, or all of them rest.
SELECT min(s.next_at) AS next_at FROM schedules AS s WHERE NOT s.is_resting
