-- Archived records by day and key.
-- A key without a row: its day was dropped.
SELECT e.key, e.record
FROM unnest($1::date[], $2::uuid[]) AS g (received_on, key)
JOIN events AS e USING (received_on, key)
LIMIT cardinality($2::uuid[])
