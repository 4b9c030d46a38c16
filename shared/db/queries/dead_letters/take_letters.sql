-- Takes letters of an environment away.
-- The ids of those that were there: what comes back is nobody else's to take.
DELETE FROM dead_letters AS d
WHERE d.environment_id = $1
    AND d.id = ANY($2::uuid[])
RETURNING d.id
