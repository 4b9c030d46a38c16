-- Which of these places hold records that were kept apart, because another event has their key.
-- Zero rows: none of them.
SELECT c.origin
FROM event_conflicts AS c
JOIN unnest($1::uuid[], $2::text[]) AS asked (key, origin) USING (key, origin)
ORDER BY c.origin
LIMIT $3
