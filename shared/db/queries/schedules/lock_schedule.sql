-- Keeps a schedule as it is until the transaction ends, but for who asks.
-- Zero rows: there is no such schedule.
SELECT s.id FROM schedules AS s WHERE s.id = $1 FOR UPDATE
