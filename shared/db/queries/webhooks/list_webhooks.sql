-- Webhooks of an environment's workflows after a place, with the time of the version that first had
-- the address, and whether it starts its workflow. Zero rows: there are no more.
SELECT w.created_at, left(t.item -> 'webhook' ->> 'token_hash', 32)::uuid AS place,
    w.id AS workflow_id, v.definition ->> 'name' AS workflow_name, v.lifecycle,
    coalesce(t.item ->> 'id', 't' || t.number - 1) AS trigger_id,
    nullif(t.item -> 'webhook' ->> 'auth', 'null') AS auth,
    coalesce((t.item -> 'webhook' ->> 'keep_raw')::boolean, false) AS keep_raw,
    ARRAY (
        SELECT json_array_elements_text(t.item -> 'webhook' -> 'keep_headers')
    ) AS keep_headers,
    EXISTS (
        SELECT FROM webhooks AS h WHERE h.token_hash = t.item -> 'webhook' ->> 'token_hash'
    ) AS is_active,
    (
        SELECT min(o.created_at)
        FROM workflow_versions AS o
        CROSS JOIN LATERAL json_array_elements(o.definition -> 'triggers') AS e (item)
        WHERE o.workflow_id = w.id
            AND e.item -> 'webhook' ->> 'token_hash' = t.item -> 'webhook' ->> 'token_hash'
    ) AS made_at
FROM workflows AS w
JOIN workflow_versions AS v ON v.workflow_id = w.id AND v.version = w.version
CROSS JOIN LATERAL json_array_elements(v.definition -> 'triggers')
    WITH ORDINALITY AS t (item, number)
WHERE w.environment_id = $1
    AND NOT w.is_deleted
    AND t.item ->> 'kind' = 'webhook'
    AND t.item -> 'webhook' ->> 'token_hash' IS NOT NULL
    AND (
        $2::timestamptz IS NULL
        OR (w.created_at, left(t.item -> 'webhook' ->> 'token_hash', 32)::uuid) > ($2, $3::uuid)
    )
ORDER BY w.created_at, place
LIMIT $4
