-- Executions before a place in the order of creation, latest first; a null leaves its filter out.
-- Zero rows: no more.
SELECT x.id, x.environment_id, x.workflow_id, x.workflow_version,
    v.definition ->> 'name' AS workflow_name,
    left(encode(sha256(convert_to(v.definition::text, 'UTF8')), 'hex'), 16) AS revision,
    x.event_key, x.status,
    x.created_at, x.updated_at, x.finished_at, x.steps_settled,
    json_array_length(v.definition -> 'steps')
        + (json_array_length(coalesce(v.definition -> 'annotations', '[]')) > 0)::int
        + (coalesce(json_typeof(v.definition -> 'result'), 'null') <> 'null')::int
        + (coalesce(json_typeof(v.definition #> '{policy,concurrency_key}'), 'null') <> 'null')::int
        AS steps_total,
    x.error, x.cancel_requested_at, x.cancel_reason, x.expires_at,
    x.result_at, x.lineage
FROM executions AS x
JOIN workflow_versions AS v
    ON v.workflow_id = x.workflow_id AND v.version = x.workflow_version
WHERE x.environment_id = $1
    AND ($2::uuid IS NULL OR x.workflow_id = $2)
    AND ($3::uuid IS NULL OR x.event_key = $3)
    AND ($4::text IS NULL OR x.status = $4)
    AND ($5::timestamptz IS NULL OR x.created_at >= $5)
    AND ($6::timestamptz IS NULL OR x.created_at < $6)
    AND ($7::timestamptz IS NULL OR (x.created_at, x.id) < ($7, $8::uuid))
ORDER BY x.created_at DESC, x.id DESC
LIMIT $9
