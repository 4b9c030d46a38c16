-- Adds an environment to an organisation.
-- No row comes back; UniqueViolation: its id, or its name in the organisation, is taken.
INSERT INTO environments (id, organisation_id, name, created_at)
VALUES ($1, $2, $3, $4)
