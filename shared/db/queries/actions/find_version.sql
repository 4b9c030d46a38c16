-- A version of an action.
-- Zero rows: it never had that version.
SELECT environment_id, name, version, transport, url, input_schema, output_schema, description,
    category, source, timeout_s, throttle, metadata, is_deleted, updated_at
FROM actions
WHERE environment_id = $1 AND name = $2 AND version = $3
