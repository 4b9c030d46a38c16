-- Of these events, those that matched more workflows than they might start.
-- Zero rows: none did.
SELECT o.event_key, o.started, o.matched, o.first_left_out
FROM overflows AS o
WHERE o.event_key = ANY($1::uuid[])
LIMIT $2
