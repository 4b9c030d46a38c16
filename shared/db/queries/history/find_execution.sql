-- One execution, with the number of steps of its workflow version.
-- Zero rows: it was never started.
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
WHERE x.id = $1
