-- Tells every listening process that something happened to each of the names $3; $2 is the sender.
-- Zero rows: no names were given.
SELECT pg_notify($1, $2 || ' ' || name) FROM unnest($3::text[]) AS name
