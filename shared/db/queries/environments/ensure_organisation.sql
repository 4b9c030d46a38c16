-- The organisation of a name, made under the id $1 when there was none.
-- One row always: its id.
INSERT INTO organisations AS o (id, name, created_at)
VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING o.id
