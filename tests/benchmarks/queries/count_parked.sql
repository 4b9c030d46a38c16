-- How many executions have a timer.
-- One row always.
SELECT count(*) FROM timers
