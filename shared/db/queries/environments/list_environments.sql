-- Environments of one organisation or, without $1, of all, after a place in the order of creation.
-- Zero rows: no more.
SELECT e.id, e.organisation_id, e.name, e.created_at
FROM environments AS e
WHERE ($1::uuid IS NULL OR e.organisation_id = $1)
    AND ($2::timestamptz IS NULL OR (e.created_at, e.id) > ($2, $3::uuid))
ORDER BY e.created_at, e.id
LIMIT $4
