-- Keeps who is left out of an event; what was kept first stays, but for how many matched.
-- Always one row: what is kept. A row that was there has been updated, so its xmax is set.
INSERT INTO overflows AS o
(event_key, environment_id, received_on, started, matched, first_left_out)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (event_key) DO UPDATE SET matched = greatest(o.matched, excluded.matched)
RETURNING o.started, o.matched, o.first_left_out, o.xmax = 0 AS is_new
