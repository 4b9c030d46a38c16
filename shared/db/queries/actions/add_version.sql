-- Adds a version of an action, which no one may have added before.
-- No rows.
INSERT INTO actions (
    environment_id, name, version, transport, url, input_schema, output_schema, description,
    category, source, timeout_s, throttle, metadata, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
