-- The latest version of an action, also when it is deleted.
-- Zero rows: there was never one of this name.
SELECT environment_id, name, version, transport, url, input_schema, output_schema, description,
    category, source, timeout_s, throttle, metadata, is_deleted, updated_at
FROM actions
WHERE environment_id = $1 AND name = $2
ORDER BY version DESC
LIMIT 1
