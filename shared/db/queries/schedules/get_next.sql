-- When the next schedule is due.
-- One row always; null: there is no schedule.
SELECT min(s.next_at) AS next_at FROM schedules AS s
