-- An environment, of one organisation or, without $2, of any.
-- Zero rows: there is none.
SELECT e.id, e.organisation_id, e.name, e.created_at
FROM environments AS e
WHERE e.id = $1 AND ($2::uuid IS NULL OR e.organisation_id = $2)
