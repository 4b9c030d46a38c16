-- The whole schema: the sum of migrations/. Written by python -m tests.migration.dump.

CREATE FUNCTION public.children_of_execution(parent uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT x.id
    FROM executions AS x
    WHERE x.lineage #>> '{parent,execution_id}' = parent::text
        AND x.environment_id = current_setting('turnout.environment')::uuid;
END
$$;

CREATE FUNCTION public.descendants_of_event(root uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT x.id
    FROM executions AS x
    WHERE (x.event_key = root OR x.lineage #>> '{cause,root}' = root::text)
        AND x.environment_id = current_setting('turnout.environment')::uuid;
END
$$;

CREATE FUNCTION public.drop_event_days(before_day date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('turnout.event_days'));
    FOR name IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'events'::regclass
            AND c.relname < 'events_' || to_char(before_day, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

CREATE FUNCTION public.ensure_event_days(first_day date, last_day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
DECLARE
    missing date[] := ARRAY(
        SELECT d::date
        FROM generate_series(first_day, last_day, interval '1 day') AS d
        WHERE to_regclass('events_' || to_char(d, 'YYYYMMDD')) IS NULL
    );
    day date;
    name text;
BEGIN
    IF missing = '{}' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('turnout.event_days'));
    FOREACH day IN ARRAY missing LOOP
        name := 'events_' || to_char(day, 'YYYYMMDD');
        -- Another may have made it meanwhile.
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE %I (LIKE events INCLUDING CONSTRAINTS INCLUDING DEFAULTS'
            ' INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',
            name
        );
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            name, day, day + 1
        );
    END LOOP;
END
$$;

CREATE FUNCTION public.keep_trigger_names() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO trigger_names (environment_id, event_name, created_at, workflow_id, version)
    SELECT DISTINCT w.environment_id, t ->> 'event_name', w.created_at, w.id, NEW.version
    FROM workflows AS w, json_array_elements(NEW.definition -> 'triggers') AS t
    WHERE w.id = NEW.workflow_id AND t ->> 'event_name' IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE TABLE public.actions (
    environment_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    transport text NOT NULL,
    url text,
    input_schema json,
    output_schema json,
    description text,
    category text,
    timeout_s double precision,
    is_deleted boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    source text,
    throttle json,
    metadata json,
    CONSTRAINT actions_check CHECK (((url IS NOT NULL) = (transport = 'http'::text))),
    CONSTRAINT actions_name_check CHECK ((name <> ''::text)),
    CONSTRAINT actions_timeout_s_check CHECK ((timeout_s > (0)::double precision)),
    CONSTRAINT actions_transport_check CHECK ((transport = ANY (ARRAY['http'::text, 'worker'::text]))),
    CONSTRAINT actions_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.actions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.altostrat_addresses (
    workflow_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL
);

ALTER TABLE ONLY public.altostrat_addresses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT api_keys_name_check CHECK ((name <> ''::text))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_log (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    principal text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before json,
    after json,
    request_id text NOT NULL
);

ALTER TABLE ONLY public.audit_log FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bus_groups (
    group_name text NOT NULL,
    CONSTRAINT bus_groups_group_name_check CHECK ((group_name <> ''::text))
);

CREATE TABLE public.bus_members (
    group_name text NOT NULL,
    member text NOT NULL,
    session uuid NOT NULL,
    topics text[] NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT bus_members_member_check CHECK ((member <> ''::text))
)
WITH (fillfactor='50');

CREATE TABLE public.bus_partitions (
    topic_id integer NOT NULL,
    partition integer NOT NULL,
    next_offset bigint DEFAULT 0 NOT NULL,
    CONSTRAINT bus_partitions_next_offset_check CHECK ((next_offset >= 0)),
    CONSTRAINT bus_partitions_partition_check CHECK ((partition >= 0))
)
WITH (fillfactor='50');

CREATE TABLE public.bus_positions (
    group_name text NOT NULL,
    topic_id integer NOT NULL,
    partition integer NOT NULL,
    "position" bigint,
    session uuid,
    CONSTRAINT bus_positions_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

CREATE TABLE public.bus_records (
    topic_id integer NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    published_at timestamp with time zone NOT NULL,
    key bytea,
    value bytea,
    headers bytea
);

CREATE TABLE public.bus_topics (
    topic_id integer NOT NULL,
    name text NOT NULL,
    partitions integer NOT NULL,
    CONSTRAINT bus_topics_name_check CHECK ((name <> ''::text)),
    CONSTRAINT bus_topics_partitions_check CHECK ((partitions > 0))
);

ALTER TABLE public.bus_topics ALTER COLUMN topic_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.bus_topics_topic_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.dead_letters (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    pointer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    key bytea,
    value bytea,
    value_bytes integer NOT NULL,
    header_names text[] NOT NULL,
    header_values bytea[] NOT NULL,
    is_whole boolean NOT NULL
);

ALTER TABLE ONLY public.dead_letters FORCE ROW LEVEL SECURITY;

CREATE TABLE public.decision_counts (
    environment_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    day date NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    decisions bigint NOT NULL,
    event_key uuid NOT NULL,
    event_at timestamp with time zone NOT NULL,
    CONSTRAINT decision_counts_decisions_check CHECK ((decisions > 0))
);

ALTER TABLE ONLY public.decision_counts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.environments (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT environments_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.event_conflicts (
    key uuid NOT NULL,
    origin text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    record json NOT NULL
);

ALTER TABLE ONLY public.event_conflicts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.event_keys (
    key uuid NOT NULL,
    received_on date NOT NULL,
    body_hash bytea NOT NULL,
    origin text NOT NULL
);

ALTER TABLE ONLY public.event_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.event_type_versions (
    environment_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    uid text NOT NULL,
    type text NOT NULL,
    source text,
    description text,
    schema json,
    metadata json,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT event_type_versions_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.event_type_versions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.event_types (
    environment_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    uid text NOT NULL,
    type text NOT NULL,
    source text,
    description text,
    schema json,
    metadata json,
    updated_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT event_types_name_check CHECK ((name <> ''::text)),
    CONSTRAINT event_types_type_check CHECK ((type <> ''::text)),
    CONSTRAINT event_types_uid_check CHECK ((uid <> ''::text)),
    CONSTRAINT event_types_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.event_types FORCE ROW LEVEL SECURITY;

CREATE TABLE public.events (
    received_on date NOT NULL,
    key uuid NOT NULL,
    environment_id uuid NOT NULL,
    type text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    record json NOT NULL
)
PARTITION BY RANGE (received_on);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.execution_log (
    partition integer NOT NULL,
    seq bigint NOT NULL,
    execution_id uuid NOT NULL,
    "position" integer NOT NULL,
    phases text[] NOT NULL,
    step_id text,
    attempt integer,
    status text,
    input json,
    output json,
    error json,
    started_at timestamp with time zone,
    ended_at timestamp with time zone NOT NULL,
    wake_at timestamp with time zone,
    handle text,
    CONSTRAINT execution_log_check1 CHECK ((((step_id IS NULL) = (status IS NULL)) AND ((attempt IS NULL) = (status IS NULL)))),
    CONSTRAINT execution_log_status_check CHECK ((status = ANY (ARRAY['COMPLETED'::text, 'FAILED'::text, 'RETRYING'::text, 'WAITING'::text, 'APPROVED'::text, 'SKIPPED'::text, 'CANCELLED'::text]))),
    CONSTRAINT execution_log_wake_check CHECK (
CASE status
    WHEN 'RETRYING'::text THEN (wake_at IS NOT NULL)
    WHEN 'WAITING'::text THEN true
    ELSE (wake_at IS NULL)
END)
);

ALTER TABLE ONLY public.execution_log FORCE ROW LEVEL SECURITY;

CREATE TABLE public.executions (
    id uuid NOT NULL,
    partition integer NOT NULL,
    command_offset bigint NOT NULL,
    environment_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    workflow_version integer NOT NULL,
    event_key uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    steps_settled integer NOT NULL,
    error json,
    cancel_requested_at timestamp with time zone,
    cancel_reason text,
    expires_at timestamp with time zone,
    result_at integer,
    lineage json,
    CONSTRAINT executions_finished_check CHECK (((finished_at IS NOT NULL) = (status = ANY (ARRAY['COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text, 'EXPIRED'::text])))),
    CONSTRAINT executions_status_check CHECK ((status = ANY (ARRAY['RUNNING'::text, 'WAITING'::text, 'RETRYING'::text, 'SUSPENDED'::text, 'COMPENSATING'::text, 'COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text, 'EXPIRED'::text])))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.executions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.hidden_runs (
    execution_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    hidden_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.hidden_runs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.idempotency_keys (
    environment_id uuid NOT NULL,
    key bytea NOT NULL,
    asked bytea NOT NULL,
    holder uuid NOT NULL,
    held_at timestamp with time zone NOT NULL,
    done text,
    status smallint,
    headers json,
    body bytea,
    CONSTRAINT idempotency_keys_asked_check CHECK ((octet_length(asked) = 32)),
    CONSTRAINT idempotency_keys_key_check CHECK ((octet_length(key) = 32))
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.inbox (
    execution_id uuid NOT NULL,
    command_offset bigint NOT NULL,
    partition integer NOT NULL,
    command json NOT NULL
);

CREATE TABLE public.late_events (
    environment_id uuid NOT NULL,
    event_key uuid NOT NULL,
    late_since timestamp with time zone NOT NULL,
    first_workflow_id uuid NOT NULL,
    event bytea NOT NULL,
    matched integer DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.late_events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.organisations (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT organisations_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.overflows (
    event_key uuid NOT NULL,
    environment_id uuid NOT NULL,
    received_on date NOT NULL,
    started integer NOT NULL,
    matched integer NOT NULL,
    first_left_out uuid NOT NULL
);

ALTER TABLE ONLY public.overflows FORCE ROW LEVEL SECURITY;

CREATE TABLE public.partition_owners (
    partition integer NOT NULL,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    owned_at timestamp with time zone NOT NULL,
    consumed_offset bigint NOT NULL,
    active_offset bigint NOT NULL,
    written_seq bigint NOT NULL,
    emitted_seq bigint NOT NULL
);

CREATE TABLE public.pruned (
    is_only boolean DEFAULT true NOT NULL,
    ended_before timestamp with time zone NOT NULL,
    CONSTRAINT pruned_is_only_check CHECK (is_only)
);

CREATE TABLE public.quarantines (
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    environment_id uuid NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    event_key uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    released_at timestamp with time zone
);

ALTER TABLE ONLY public.quarantines FORCE ROW LEVEL SECURITY;

CREATE TABLE public.schedules (
    workflow_id uuid NOT NULL,
    trigger_id text,
    environment_id uuid NOT NULL,
    workflow_version integer NOT NULL,
    schedule text NOT NULL,
    next_at timestamp with time zone,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    execution_id uuid,
    step_id text,
    is_resting boolean DEFAULT false NOT NULL,
    delay_s double precision DEFAULT 0 NOT NULL,
    paused_at timestamp with time zone,
    paused_by text,
    pause_note text,
    last_at timestamp with time zone,
    last_execution_id uuid,
    last_started_at timestamp with time zone,
    queued_at timestamp with time zone,
    skipped_at timestamp with time zone,
    skip_reason text COLLATE pg_catalog."C",
    run_at timestamp with time zone GENERATED ALWAYS AS ((((next_at AT TIME ZONE 'UTC'::text) + (delay_s * '00:00:01'::interval)) AT TIME ZONE 'UTC'::text)) STORED,
    CONSTRAINT schedules_delay_s_check CHECK ((delay_s >= (0)::double precision)),
    CONSTRAINT schedules_last_check CHECK ((((last_at IS NULL) = (last_execution_id IS NULL)) AND ((last_at IS NULL) = (last_started_at IS NULL)))),
    CONSTRAINT schedules_owner_check CHECK ((((trigger_id IS NULL) = (step_id IS NOT NULL)) AND ((step_id IS NULL) = (execution_id IS NULL)))),
    CONSTRAINT schedules_pause_check CHECK (((paused_at IS NULL) = (paused_by IS NULL))),
    CONSTRAINT schedules_skip_check CHECK (((skipped_at IS NULL) = (skip_reason IS NULL)))
);

ALTER TABLE ONLY public.schedules FORCE ROW LEVEL SECURITY;

CREATE TABLE public.secrets (
    environment_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    key_id text NOT NULL COLLATE pg_catalog."C",
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by text NOT NULL,
    label text,
    expires_at timestamp with time zone,
    CONSTRAINT secrets_key_id_check CHECK ((key_id <> ''::text)),
    CONSTRAINT secrets_name_check CHECK ((name ~ '^[a-z0-9_][a-z0-9_-]{0,255}$'::text)),
    CONSTRAINT secrets_nonce_check CHECK ((octet_length(nonce) = 12)),
    CONSTRAINT secrets_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.secrets FORCE ROW LEVEL SECURITY;

CREATE TABLE public.signing_secrets (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    subscription_id uuid,
    form text NOT NULL,
    ending text NOT NULL,
    public_key json,
    key_id text NOT NULL COLLATE pg_catalog."C",
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT signing_secrets_form_check CHECK ((form = ANY (ARRAY['standard'::text, 'truto'::text, 'sixtyfour'::text, 'transactionlink'::text]))),
    CONSTRAINT signing_secrets_key_id_check CHECK ((key_id <> ''::text)),
    CONSTRAINT signing_secrets_nonce_check CHECK ((octet_length(nonce) = 12))
);

ALTER TABLE ONLY public.signing_secrets FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sixtyfour_job_blocks (
    job_id uuid NOT NULL,
    block_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    parent_block_id uuid,
    number integer NOT NULL,
    block_name text NOT NULL,
    specs json NOT NULL,
    execution_id uuid NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT sixtyfour_job_blocks_number_check CHECK ((number >= 1))
);

ALTER TABLE ONLY public.sixtyfour_job_blocks FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sixtyfour_jobs (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    save_json boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone
);

ALTER TABLE ONLY public.sixtyfour_jobs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sixtyfour_link_keys (
    environment_id uuid NOT NULL,
    key bytea NOT NULL,
    CONSTRAINT sixtyfour_link_keys_key_check CHECK ((octet_length(key) = 32))
);

ALTER TABLE ONLY public.sixtyfour_link_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.start_keys (
    execution_id uuid NOT NULL,
    asked bytea NOT NULL,
    asked_at timestamp with time zone NOT NULL
);

CREATE UNLOGGED TABLE public.throttles (
    environment_id uuid NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    key bytea NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    used integer NOT NULL,
    CONSTRAINT throttles_used_check CHECK ((used >= 1))
);

CREATE TABLE public.timers (
    execution_id uuid NOT NULL,
    partition integer NOT NULL,
    due_at timestamp with time zone NOT NULL
);

CREATE TABLE public.transactionlink_parameters (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    parameters json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.transactionlink_parameters FORCE ROW LEVEL SECURITY;

CREATE TABLE public.trigger_counts (
    environment_id uuid NOT NULL,
    event_name text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    events bigint NOT NULL,
    CONSTRAINT trigger_counts_events_check CHECK ((events > 0))
);

ALTER TABLE ONLY public.trigger_counts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.trigger_names (
    environment_id uuid NOT NULL,
    event_name text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    workflow_id uuid NOT NULL,
    version integer NOT NULL
);

ALTER TABLE ONLY public.trigger_names FORCE ROW LEVEL SECURITY;

CREATE TABLE public.turns (
    execution_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    key bytea NOT NULL,
    place bigint NOT NULL,
    most integer NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    granted_at timestamp with time zone,
    CONSTRAINT turns_most_check CHECK ((most >= 1))
);

ALTER TABLE public.turns ALTER COLUMN place ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.turns_place_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.waits (
    execution_id uuid NOT NULL,
    step_id text NOT NULL,
    partition integer NOT NULL,
    environment_id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    attempt integer NOT NULL,
    since timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    data json NOT NULL,
    has_looked_back boolean NOT NULL,
    beaten_at timestamp with time zone,
    progress json,
    claimed_until timestamp with time zone,
    claimed_by text,
    CONSTRAINT waits_kind_check CHECK ((kind = ANY (ARRAY['approval'::text, 'form'::text, 'event'::text, 'task'::text, 'subworkflow'::text, 'turn'::text])))
);

ALTER TABLE ONLY public.waits FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_attempts (
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    environment_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    answer text
);

ALTER TABLE ONLY public.webhook_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_deliveries (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    kind text NOT NULL,
    execution_id uuid,
    record bytea NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_at timestamp with time zone,
    claims integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'DELIVERED'::text, 'FAILED'::text])))
);

ALTER TABLE ONLY public.webhook_deliveries FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_endpoints (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    token_hash text NOT NULL COLLATE pg_catalog."C",
    spec json NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    address_made_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_endpoints_token_hash_check CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE ONLY public.webhook_endpoints FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook_subscriptions (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL,
    workflow_id uuid,
    filters json,
    format text NOT NULL,
    signing text NOT NULL,
    headers json NOT NULL,
    is_active boolean NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    failing_since timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_subscriptions_format_check CHECK ((format = ANY (ARRAY['native'::text, 'truto'::text, 'sixtyfour'::text, 'transactionlink'::text]))),
    CONSTRAINT webhook_subscriptions_signing_check CHECK ((signing = ANY (ARRAY['standard'::text, 'truto'::text, 'sixtyfour'::text, 'transactionlink'::text])))
);

ALTER TABLE ONLY public.webhook_subscriptions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhooks (
    token_hash text NOT NULL,
    workflow_id uuid NOT NULL,
    trigger_id text NOT NULL,
    CONSTRAINT webhooks_token_hash_check CHECK ((length(token_hash) = 64))
);

ALTER TABLE ONLY public.webhooks FORCE ROW LEVEL SECURITY;

CREATE TABLE public.workflow_changes (
    change bigint NOT NULL,
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    is_active boolean NOT NULL,
    is_deleted boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.workflow_changes FORCE ROW LEVEL SECURITY;

ALTER TABLE public.workflow_changes ALTER COLUMN change ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.workflow_changes_change_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.workflow_versions (
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    dialect text NOT NULL,
    lifecycle text NOT NULL,
    definition json NOT NULL,
    source json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT workflow_versions_dialect_check CHECK ((dialect = ANY (ARRAY['native'::text, 'truto'::text, 'altostrat'::text, 'sixtyfour'::text, 'thena'::text, 'transactionlink'::text]))),
    CONSTRAINT workflow_versions_lifecycle_check CHECK ((lifecycle = ANY (ARRAY['draft'::text, 'ready'::text, 'archived'::text]))),
    CONSTRAINT workflow_versions_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.workflow_versions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.workflows (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    version integer NOT NULL,
    is_active boolean NOT NULL,
    is_deleted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    created_by text,
    is_unindexed boolean DEFAULT false NOT NULL,
    CONSTRAINT workflows_created_by_check CHECK ((created_by <> ''::text)),
    CONSTRAINT workflows_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY public.workflows FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY public.actions
    ADD CONSTRAINT actions_pkey PRIMARY KEY (environment_id, name, version);

ALTER TABLE ONLY public.altostrat_addresses
    ADD CONSTRAINT altostrat_addresses_pkey PRIMARY KEY (workflow_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.bus_groups
    ADD CONSTRAINT bus_groups_pkey PRIMARY KEY (group_name);

ALTER TABLE ONLY public.bus_members
    ADD CONSTRAINT bus_members_pkey PRIMARY KEY (group_name, member);

ALTER TABLE ONLY public.bus_partitions
    ADD CONSTRAINT bus_partitions_pkey PRIMARY KEY (topic_id, partition);

ALTER TABLE ONLY public.bus_positions
    ADD CONSTRAINT bus_positions_pkey PRIMARY KEY (group_name, topic_id, partition);

ALTER TABLE ONLY public.bus_records
    ADD CONSTRAINT bus_records_pkey PRIMARY KEY (topic_id, partition, record_offset);

ALTER TABLE ONLY public.bus_topics
    ADD CONSTRAINT bus_topics_name_key UNIQUE (name);

ALTER TABLE ONLY public.bus_topics
    ADD CONSTRAINT bus_topics_pkey PRIMARY KEY (topic_id);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.decision_counts
    ADD CONSTRAINT decision_counts_pkey PRIMARY KEY (workflow_id, day, reason);

ALTER TABLE ONLY public.environments
    ADD CONSTRAINT environments_organisation_id_name_key UNIQUE (organisation_id, name);

ALTER TABLE ONLY public.environments
    ADD CONSTRAINT environments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_conflicts
    ADD CONSTRAINT event_conflicts_pkey PRIMARY KEY (key, origin);

ALTER TABLE ONLY public.event_keys
    ADD CONSTRAINT event_keys_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.event_type_versions
    ADD CONSTRAINT event_type_versions_pkey PRIMARY KEY (environment_id, name, version);

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_environment_id_uid_key UNIQUE (environment_id, uid);

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (environment_id, name);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (received_on, key);

ALTER TABLE ONLY public.execution_log
    ADD CONSTRAINT execution_log_execution_id_position_key UNIQUE (execution_id, "position");

ALTER TABLE ONLY public.execution_log
    ADD CONSTRAINT execution_log_pkey PRIMARY KEY (partition, seq);

ALTER TABLE ONLY public.executions
    ADD CONSTRAINT executions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hidden_runs
    ADD CONSTRAINT hidden_runs_pkey PRIMARY KEY (execution_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (environment_id, key);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (execution_id, command_offset);

ALTER TABLE ONLY public.late_events
    ADD CONSTRAINT late_events_pkey PRIMARY KEY (environment_id, event_key);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_name_key UNIQUE (name);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.overflows
    ADD CONSTRAINT overflows_pkey PRIMARY KEY (event_key);

ALTER TABLE ONLY public.partition_owners
    ADD CONSTRAINT partition_owners_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY public.pruned
    ADD CONSTRAINT pruned_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY public.quarantines
    ADD CONSTRAINT quarantines_pkey PRIMARY KEY (workflow_id, since);

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_workflow_id_trigger_id_key UNIQUE (workflow_id, trigger_id);

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (environment_id, name);

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sixtyfour_job_blocks
    ADD CONSTRAINT sixtyfour_job_blocks_pkey PRIMARY KEY (job_id, number);

ALTER TABLE ONLY public.sixtyfour_jobs
    ADD CONSTRAINT sixtyfour_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sixtyfour_link_keys
    ADD CONSTRAINT sixtyfour_link_keys_pkey PRIMARY KEY (environment_id);

ALTER TABLE ONLY public.start_keys
    ADD CONSTRAINT start_keys_pkey PRIMARY KEY (execution_id);

ALTER TABLE ONLY public.throttles
    ADD CONSTRAINT throttles_pkey PRIMARY KEY (environment_id, action, key);

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (execution_id);

ALTER TABLE ONLY public.transactionlink_parameters
    ADD CONSTRAINT transactionlink_parameters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.trigger_counts
    ADD CONSTRAINT trigger_counts_pkey PRIMARY KEY (environment_id, event_name, day);

ALTER TABLE ONLY public.trigger_names
    ADD CONSTRAINT trigger_names_pkey PRIMARY KEY (environment_id, event_name, created_at, workflow_id, version);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (execution_id);

ALTER TABLE ONLY public.waits
    ADD CONSTRAINT waits_pkey PRIMARY KEY (execution_id, step_id);

ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, number);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.webhook_subscriptions
    ADD CONSTRAINT webhook_subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_workflow_id_trigger_id_key UNIQUE (workflow_id, trigger_id);

ALTER TABLE ONLY public.workflow_changes
    ADD CONSTRAINT workflow_changes_pkey PRIMARY KEY (change);

ALTER TABLE ONLY public.workflow_versions
    ADD CONSTRAINT workflow_versions_pkey PRIMARY KEY (workflow_id, version);

ALTER TABLE ONLY public.workflows
    ADD CONSTRAINT workflows_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_listed ON public.api_keys USING btree (environment_id, created_at, id);

CREATE INDEX audit_log_listed ON public.audit_log USING btree (environment_id, at, id);

CREATE INDEX dead_letters_listed ON public.dead_letters USING btree (environment_id, at, id);

CREATE INDEX decision_counts_day ON public.decision_counts USING btree (day);

CREATE INDEX event_keys_received ON public.event_keys USING brin (received_on);

CREATE INDEX events_listed ON ONLY public.events USING btree (environment_id, received_at, key);

CREATE INDEX events_of_type ON ONLY public.events USING btree (environment_id, type, received_at);

CREATE INDEX executions_admitted ON public.executions USING btree (partition, command_offset);

CREATE INDEX executions_failed ON public.executions USING btree (environment_id, created_at, id) WHERE (error IS NOT NULL);

CREATE INDEX executions_failed_of_workflow ON public.executions USING btree (workflow_id, created_at, id) WHERE (error IS NOT NULL);

CREATE INDEX executions_listed ON public.executions USING btree (environment_id, created_at, id);

CREATE INDEX executions_of_event ON public.executions USING btree (event_key);

CREATE INDEX executions_of_parent ON public.executions USING btree (((lineage #>> '{parent,execution_id}'::text[]))) WHERE ((lineage #>> '{parent,execution_id}'::text[]) IS NOT NULL);

CREATE INDEX executions_of_repeated ON public.executions USING btree (((lineage #>> '{repeats,execution_id}'::text[]))) WHERE ((lineage #>> '{repeats,execution_id}'::text[]) IS NOT NULL);

CREATE INDEX executions_of_root ON public.executions USING btree (((lineage #>> '{cause,root}'::text[]))) WHERE ((lineage #>> '{cause,root}'::text[]) IS NOT NULL);

CREATE INDEX executions_of_workflow ON public.executions USING btree (workflow_id, created_at, id);

CREATE INDEX idempotency_keys_old ON public.idempotency_keys USING btree (held_at);

CREATE INDEX inbox_of_partition ON public.inbox USING btree (partition, execution_id);

CREATE INDEX late_events_taken ON public.late_events USING btree (environment_id, late_since, event_key);

CREATE INDEX overflows_received ON public.overflows USING brin (received_on);

CREATE UNIQUE INDEX quarantines_now ON public.quarantines USING btree (workflow_id) WHERE (released_at IS NULL);

CREATE INDEX schedules_listed ON public.schedules USING btree (next_at, id);

CREATE INDEX schedules_of_execution ON public.schedules USING btree (execution_id) WHERE (execution_id IS NOT NULL);

CREATE INDEX schedules_queued ON public.schedules USING btree (queued_at) WHERE (queued_at IS NOT NULL);

CREATE INDEX schedules_run ON public.schedules USING btree (run_at) WHERE ((NOT is_resting) AND (paused_at IS NULL));

CREATE INDEX signing_secrets_of_environments ON public.signing_secrets USING btree (environment_id, form) WHERE (subscription_id IS NULL);

CREATE INDEX signing_secrets_of_subscriptions ON public.signing_secrets USING btree (subscription_id) WHERE (subscription_id IS NOT NULL);

CREATE INDEX sixtyfour_job_blocks_of_execution ON public.sixtyfour_job_blocks USING btree (execution_id);

CREATE INDEX start_keys_old ON public.start_keys USING brin (asked_at);

CREATE INDEX timers_due ON public.timers USING btree (partition, due_at, execution_id);

CREATE INDEX transactionlink_parameters_listed ON public.transactionlink_parameters USING btree (environment_id, created_at, id);

CREATE INDEX trigger_counts_day ON public.trigger_counts USING btree (day);

CREATE INDEX turns_granted ON public.turns USING btree (workflow_id, key) WHERE (granted_at IS NOT NULL);

CREATE INDEX turns_waiting ON public.turns USING btree (workflow_id, key, place) WHERE (granted_at IS NULL);

CREATE INDEX waits_for_many ON public.waits USING btree (environment_id, subject) WHERE ((kind = 'event'::text) AND ("right"(subject, 1) = '*'::text));

CREATE INDEX waits_found ON public.waits USING btree (environment_id, kind, subject, since);

CREATE INDEX waits_looking ON public.waits USING btree (partition) WHERE (NOT has_looked_back);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (subscription_id, next_at) WHERE (next_at IS NOT NULL);

CREATE INDEX webhook_deliveries_listed ON public.webhook_deliveries USING btree (subscription_id, created_at, id);

CREATE INDEX webhook_deliveries_old ON public.webhook_deliveries USING btree (created_at);

CREATE INDEX webhook_endpoints_listed ON public.webhook_endpoints USING btree (environment_id, created_at, id);

CREATE INDEX webhook_subscriptions_listed ON public.webhook_subscriptions USING btree (environment_id, created_at, id);

CREATE INDEX workflow_changes_of ON public.workflow_changes USING btree (workflow_id, changed_at);

CREATE INDEX workflows_listed ON public.workflows USING btree (environment_id, created_at, id) WHERE (NOT is_deleted);

CREATE INDEX workflows_unindexed ON public.workflows USING btree (environment_id) WHERE (is_unindexed AND is_active AND (NOT is_deleted));

CREATE TRIGGER workflow_versions_named AFTER INSERT ON public.workflow_versions FOR EACH ROW EXECUTE FUNCTION public.keep_trigger_names();

ALTER TABLE ONLY public.altostrat_addresses
    ADD CONSTRAINT altostrat_addresses_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES public.environments(id);

ALTER TABLE ONLY public.bus_members
    ADD CONSTRAINT bus_members_group_name_fkey FOREIGN KEY (group_name) REFERENCES public.bus_groups(group_name);

ALTER TABLE ONLY public.bus_partitions
    ADD CONSTRAINT bus_partitions_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES public.bus_topics(topic_id);

ALTER TABLE ONLY public.bus_positions
    ADD CONSTRAINT bus_positions_group_name_fkey FOREIGN KEY (group_name) REFERENCES public.bus_groups(group_name);

ALTER TABLE ONLY public.bus_positions
    ADD CONSTRAINT bus_positions_topic_id_partition_fkey FOREIGN KEY (topic_id, partition) REFERENCES public.bus_partitions(topic_id, partition);

ALTER TABLE ONLY public.environments
    ADD CONSTRAINT environments_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.quarantines
    ADD CONSTRAINT quarantines_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.webhook_subscriptions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sixtyfour_job_blocks
    ADD CONSTRAINT sixtyfour_job_blocks_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.sixtyfour_jobs(id);

ALTER TABLE ONLY public.trigger_names
    ADD CONSTRAINT trigger_names_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.webhook_deliveries(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.webhook_subscriptions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.workflow_changes
    ADD CONSTRAINT workflow_changes_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE ONLY public.workflow_versions
    ADD CONSTRAINT workflow_versions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES public.workflows(id);

ALTER TABLE public.actions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.altostrat_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.dead_letters ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.decision_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY engine ON public.actions TO turnout_engine USING (true);

CREATE POLICY engine ON public.altostrat_addresses TO turnout_engine USING (true);

CREATE POLICY engine ON public.api_keys TO turnout_engine USING (true);

CREATE POLICY engine ON public.audit_log TO turnout_engine USING (true);

CREATE POLICY engine ON public.dead_letters TO turnout_engine USING (true);

CREATE POLICY engine ON public.decision_counts TO turnout_engine USING (true);

CREATE POLICY engine ON public.event_conflicts TO turnout_engine USING (true);

CREATE POLICY engine ON public.event_keys TO turnout_engine USING (true);

CREATE POLICY engine ON public.event_type_versions TO turnout_engine USING (true);

CREATE POLICY engine ON public.event_types TO turnout_engine USING (true);

CREATE POLICY engine ON public.events TO turnout_engine USING (true);

CREATE POLICY engine ON public.execution_log TO turnout_engine USING (true);

CREATE POLICY engine ON public.executions TO turnout_engine USING (true);

CREATE POLICY engine ON public.hidden_runs TO turnout_engine USING (true);

CREATE POLICY engine ON public.idempotency_keys TO turnout_engine USING (true);

CREATE POLICY engine ON public.late_events TO turnout_engine USING (true);

CREATE POLICY engine ON public.overflows TO turnout_engine USING (true);

CREATE POLICY engine ON public.quarantines TO turnout_engine USING (true);

CREATE POLICY engine ON public.schedules TO turnout_engine USING (true);

CREATE POLICY engine ON public.secrets TO turnout_engine USING (true);

CREATE POLICY engine ON public.signing_secrets TO turnout_engine USING (true);

CREATE POLICY engine ON public.sixtyfour_job_blocks TO turnout_engine USING (true);

CREATE POLICY engine ON public.sixtyfour_jobs TO turnout_engine USING (true);

CREATE POLICY engine ON public.sixtyfour_link_keys TO turnout_engine USING (true);

CREATE POLICY engine ON public.transactionlink_parameters TO turnout_engine USING (true);

CREATE POLICY engine ON public.trigger_counts TO turnout_engine USING (true);

CREATE POLICY engine ON public.trigger_names TO turnout_engine USING (true);

CREATE POLICY engine ON public.waits TO turnout_engine USING (true);

CREATE POLICY engine ON public.webhook_attempts TO turnout_engine USING (true);

CREATE POLICY engine ON public.webhook_deliveries TO turnout_engine USING (true);

CREATE POLICY engine ON public.webhook_endpoints TO turnout_engine USING (true);

CREATE POLICY engine ON public.webhook_subscriptions TO turnout_engine USING (true);

CREATE POLICY engine ON public.webhooks TO turnout_engine USING (true);

CREATE POLICY engine ON public.workflow_changes TO turnout_engine USING (true);

CREATE POLICY engine ON public.workflow_versions TO turnout_engine USING (true);

CREATE POLICY engine ON public.workflows TO turnout_engine USING (true);

ALTER TABLE public.event_conflicts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event_type_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event_types ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.execution_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.executions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.hidden_runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.late_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.overflows ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.quarantines ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.schedules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signing_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sixtyfour_job_blocks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sixtyfour_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sixtyfour_link_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON public.actions TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.altostrat_addresses TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.api_keys TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.audit_log TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.dead_letters TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.decision_counts TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.event_conflicts TO turnout_tenant USING ((key = ( SELECT k.key
   FROM public.event_keys k
  WHERE (k.key = event_conflicts.key))));

CREATE POLICY tenant ON public.event_keys TO turnout_tenant USING ((key = ( SELECT e.key
   FROM public.events e
  WHERE ((e.received_on = event_keys.received_on) AND (e.key = event_keys.key)))));

CREATE POLICY tenant ON public.event_type_versions TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.event_types TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.events TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.execution_log TO turnout_tenant USING ((execution_id = ( SELECT x.id
   FROM public.executions x
  WHERE (x.id = execution_log.execution_id))));

CREATE POLICY tenant ON public.executions TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.hidden_runs TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.idempotency_keys TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.overflows TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.quarantines TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.schedules TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.secrets TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.signing_secrets TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.sixtyfour_job_blocks TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.sixtyfour_jobs TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.sixtyfour_link_keys TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.transactionlink_parameters TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.trigger_counts TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.trigger_names TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.waits TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.webhook_attempts TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.webhook_deliveries TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.webhook_endpoints TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.webhook_subscriptions TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

CREATE POLICY tenant ON public.webhooks TO turnout_tenant USING ((workflow_id = ( SELECT w.id
   FROM public.workflows w
  WHERE (w.id = webhooks.workflow_id))));

CREATE POLICY tenant ON public.workflow_changes TO turnout_tenant USING ((workflow_id = ( SELECT w.id
   FROM public.workflows w
  WHERE (w.id = workflow_changes.workflow_id))));

CREATE POLICY tenant ON public.workflow_versions TO turnout_tenant USING ((workflow_id = ( SELECT w.id
   FROM public.workflows w
  WHERE (w.id = workflow_versions.workflow_id))));

CREATE POLICY tenant ON public.workflows TO turnout_tenant USING ((environment_id = (current_setting('turnout.environment'::text))::uuid));

ALTER TABLE public.transactionlink_parameters ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.trigger_counts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.trigger_names ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.waits ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_endpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_subscriptions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhooks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.workflow_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.workflow_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.workflows ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON FUNCTION public.children_of_execution(parent uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.children_of_execution(parent uuid) TO turnout_tenant;
GRANT ALL ON FUNCTION public.children_of_execution(parent uuid) TO turnout_engine;

REVOKE ALL ON FUNCTION public.descendants_of_event(root uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.descendants_of_event(root uuid) TO turnout_tenant;
GRANT ALL ON FUNCTION public.descendants_of_event(root uuid) TO turnout_engine;

REVOKE ALL ON FUNCTION public.drop_event_days(before_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.drop_event_days(before_day date) TO turnout_engine;

REVOKE ALL ON FUNCTION public.ensure_event_days(first_day date, last_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ensure_event_days(first_day date, last_day date) TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.actions TO turnout_engine;
GRANT SELECT,INSERT,UPDATE ON TABLE public.actions TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.altostrat_addresses TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.altostrat_addresses TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_keys TO turnout_engine;
GRANT SELECT,INSERT,UPDATE ON TABLE public.api_keys TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_log TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.audit_log TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_groups TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_members TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_partitions TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_positions TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_records TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.bus_topics TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dead_letters TO turnout_engine;
GRANT SELECT,DELETE ON TABLE public.dead_letters TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.decision_counts TO turnout_engine;
GRANT SELECT ON TABLE public.decision_counts TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.environments TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_conflicts TO turnout_engine;
GRANT SELECT ON TABLE public.event_conflicts TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_keys TO turnout_engine;
GRANT SELECT ON TABLE public.event_keys TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_type_versions TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.event_type_versions TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_types TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_types TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.events TO turnout_engine;
GRANT SELECT ON TABLE public.events TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.execution_log TO turnout_engine;
GRANT SELECT ON TABLE public.execution_log TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.executions TO turnout_engine;
GRANT SELECT ON TABLE public.executions TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hidden_runs TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.hidden_runs TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.late_events TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisations TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.overflows TO turnout_engine;
GRANT SELECT ON TABLE public.overflows TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.partition_owners TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pruned TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.quarantines TO turnout_engine;
GRANT SELECT,UPDATE ON TABLE public.quarantines TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedules TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedules TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.secrets TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.secrets TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.signing_secrets TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.signing_secrets TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sixtyfour_job_blocks TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.sixtyfour_job_blocks TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sixtyfour_jobs TO turnout_engine;
GRANT SELECT,INSERT,UPDATE ON TABLE public.sixtyfour_jobs TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sixtyfour_link_keys TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.sixtyfour_link_keys TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.start_keys TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.throttles TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.timers TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transactionlink_parameters TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.transactionlink_parameters TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trigger_counts TO turnout_engine;
GRANT SELECT ON TABLE public.trigger_counts TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trigger_names TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.trigger_names TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.turns TO turnout_engine;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.waits TO turnout_engine;
GRANT SELECT,UPDATE ON TABLE public.waits TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_attempts TO turnout_engine;
GRANT SELECT ON TABLE public.webhook_attempts TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_deliveries TO turnout_engine;
GRANT SELECT,INSERT,UPDATE ON TABLE public.webhook_deliveries TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_endpoints TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_endpoints TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_subscriptions TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_subscriptions TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhooks TO turnout_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhooks TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workflow_changes TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.workflow_changes TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workflow_versions TO turnout_engine;
GRANT SELECT,INSERT ON TABLE public.workflow_versions TO turnout_tenant;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workflows TO turnout_engine;
GRANT SELECT,INSERT,UPDATE ON TABLE public.workflows TO turnout_tenant;
