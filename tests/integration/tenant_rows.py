"""A row of each table that tenants may ask for."""

# Each id is that of its environment. Parents first.
ROWS = {
    "hidden_runs": "(execution_id, environment_id, hidden_at) VALUES ($1, $1, now())",
    "event_type_versions": "(environment_id, name, version, uid, type, updated_at)"
    " VALUES ($1, 'e', 1, 'u', 't', now())",
    "dead_letters": "(id, environment_id, at, reason, detail, pointer, topic, partition,"
    " record_offset, value_bytes, header_names, header_values, is_whole)"
    " VALUES ($1, $1, now(), 'r', 'd', '', 't', 0, 0, 0, '{}', '{}', true)",
    "workflows": "(id, environment_id, version, is_active, created_at, updated_at)"
    " VALUES ($1, $1, 1, true, now(), now())",
    "workflow_versions": "(workflow_id, version, dialect, lifecycle, definition, source,"
    " created_at) VALUES ($1, 1, 'native', 'ready', '{}', '{}', now())",
    "trigger_names": "(environment_id, event_name, created_at, workflow_id, version)"
    " VALUES ($1, 'e', now(), $1, 1)",
    "workflow_changes": "(workflow_id, version, is_active, is_deleted, changed_at)"
    " VALUES ($1, 1, true, false, now())",
    "quarantines": "(workflow_id, version, environment_id, code, event_key, since)"
    " VALUES ($1, 1, $1, 'D1012', $1, now())",
    "webhooks": "(token_hash, workflow_id, trigger_id)"
    " VALUES (repeat(left($1::text, 1), 64), $1, 't')",
    "webhook_endpoints": "(id, environment_id, token_hash, spec, created_by, created_at,"
    " updated_at, address_made_at)"
    " VALUES ($1, $1, repeat(left($1::text, 1), 64), '{}', 'me', now(), now(), now())",
    "altostrat_addresses": "(workflow_id, environment_id, key_id, nonce, ciphertext)"
    " VALUES ($1, $1, 'k', '', '')",
    "schedules": "(workflow_id, trigger_id, environment_id, workflow_version, schedule, next_at)"
    " VALUES ($1, 't', $1, 1, '{}', now())",
    "actions": "(environment_id, name, version, transport, updated_at)"
    " VALUES ($1, 'a', 1, 'worker', now())",
    "event_types": "(environment_id, name, uid, type, updated_at)"
    " VALUES ($1, 'e', 'u', 'e', now())",
    "events": "(received_on, key, environment_id, type, received_at, record)"
    " VALUES (current_date, $1, $1, 'e', now(), '{}')",
    "event_keys": "(key, received_on, body_hash, origin) VALUES ($1, current_date, '', 'o')",
    "event_conflicts": "(key, origin, received_at, record) VALUES ($1, 'p', now(), '{}')",
    "executions": "(id, partition, command_offset, environment_id, workflow_id, workflow_version,"
    " event_key, created_at, status, updated_at, steps_settled)"
    " VALUES ($1, 0, 0, $1, $1, 1, $1, now(), 'RUNNING', now(), 0)",
    "execution_log": "(partition, seq, execution_id, position, phases, ended_at)"
    " VALUES (0, ascii($1::text), $1, 1, '{}', now())",
    "waits": "(execution_id, step_id, partition, environment_id, kind, subject, attempt, since,"
    " data, has_looked_back) VALUES ($1, 's', 0, $1, 'form', 'f', 1, now(), '{}', true)",
    "api_keys": "(id, environment_id, name, prefix, hash, scopes, created_at, created_by)"
    " VALUES ($1, $1, 'k', 'p', sha256($1::text::bytea), '{}', now(), 'me')",
    "secrets": "(environment_id, name, version, key_id, nonce, ciphertext, created_at, created_by,"
    " updated_at, updated_by) VALUES ($1, 's', 1, 'k', repeat('n', 12)::bytea, '', now(), 'me',"
    " now(), 'me')",
    "webhook_subscriptions": "(id, environment_id, name, url, kinds, format, signing, headers,"
    " is_active, created_at, created_by, updated_at)"
    " VALUES ($1, $1, 'n', 'u', '{}', 'native', 'standard', '{}', true, now(), 'me', now())",
    "webhook_deliveries": "(id, environment_id, subscription_id, kind, record, created_at)"
    " VALUES ($1, $1, $1, 'k', '', now())",
    "webhook_attempts": "(delivery_id, number, environment_id, at, duration_ms)"
    " VALUES ($1, 1, $1, now(), 1)",
    "signing_secrets": "(id, environment_id, form, ending, key_id, nonce, ciphertext, created_at)"
    " VALUES ($1, $1, 'truto', 'e', 'k', repeat('n', 12)::bytea, '', now())",
    "sixtyfour_link_keys": "(environment_id, key) VALUES ($1, sha256('k'))",
    "sixtyfour_jobs": "(id, environment_id, save_json, created_at) VALUES ($1, $1, false, now())",
    "sixtyfour_job_blocks": "(job_id, block_id, environment_id, number, block_name, specs,"
    " execution_id, added_at) VALUES ($1, $1, $1, 1, 'b', '{}', $1, now())",
    "transactionlink_parameters": "(id, environment_id, parameters, created_at, updated_at)"
    " VALUES ($1, $1, '{}', now(), now())",
    "overflows": "(event_key, environment_id, received_on, started, matched, first_left_out)"
    " VALUES ($1, $1, current_date, 1, 2, $1)",
    "decision_counts": "(environment_id, workflow_id, day, reason, decisions, event_key, event_at)"
    " VALUES ($1, $1, current_date, 'MATCHED', 1, $1, now())",
    "trigger_counts": "(environment_id, event_name, day, events) VALUES ($1, 'e', current_date, 1)",
    "audit_log": "(id, environment_id, at, principal, action, target, request_id)"
    " VALUES ($1, $1, now(), 'me', 'a', 't', 'r')",
    "idempotency_keys": "(environment_id, key, asked, holder, held_at)"
    " VALUES ($1, sha256('k'), sha256('a'), $1, now())",
}
