-- Those of the environments $1 that there are; $2 is how many are asked about.
-- Zero rows: none of them.
SELECT e.id
FROM environments AS e
WHERE e.id = ANY ($1::uuid[])
LIMIT $2
