-- The organisation of a name and, with $2, one of its environments.
-- Zero rows: there is none of that name, or it has no such environment.
SELECT o.id
FROM organisations AS o
WHERE o.name = $1
    AND ($2::uuid IS NULL OR EXISTS (
        SELECT FROM environments AS e WHERE e.id = $2 AND e.organisation_id = o.id
    ))
