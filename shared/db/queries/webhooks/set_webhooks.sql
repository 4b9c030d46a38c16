-- Makes these the addresses of a workflow.
-- No rows ever.
WITH gone AS (
    DELETE FROM webhooks WHERE workflow_id = $1 AND trigger_id <> ALL ($2::text[])
)
INSERT INTO webhooks (workflow_id, trigger_id, token_hash)
SELECT $1, h.trigger_id, h.token_hash
FROM unnest($2::text[], $3::text[]) AS h (trigger_id, token_hash)
ON CONFLICT (workflow_id, trigger_id) DO UPDATE
SET token_hash = excluded.token_hash
