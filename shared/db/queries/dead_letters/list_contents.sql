-- What the records of some letters of an environment held.
-- Zero rows: none of them is there.
SELECT d.id, d.key, d.value, d.header_names, d.header_values
FROM dead_letters AS d
WHERE d.environment_id = $1
    AND d.id = ANY($2::uuid[])
LIMIT $3
