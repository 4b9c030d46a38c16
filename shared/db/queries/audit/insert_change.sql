-- Notes a change.
-- No row comes back.
INSERT INTO audit_log (
    id, environment_id, at, principal, action, target, before, after, request_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
