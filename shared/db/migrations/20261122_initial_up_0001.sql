-- Turnout's first schema. See docs/ARCHITECTURE.md, "State".

-- Workflows: the current row of each, and its immutable versions.

CREATE TABLE workflows (
    id              uuid PRIMARY KEY,
    environment_id  uuid NOT NULL,
    version         integer NOT NULL CHECK (version >= 1),
    is_active       boolean NOT NULL,
    is_deleted      boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX workflows_listed ON workflows (environment_id, created_at, id) WHERE NOT is_deleted;

CREATE TABLE workflow_versions (
    workflow_id     uuid NOT NULL REFERENCES workflows (id),
    version         integer NOT NULL CHECK (version >= 1),
    dialect         text NOT NULL CHECK (dialect IN ('native', 'truto')),
    lifecycle       text NOT NULL CHECK (lifecycle IN ('draft', 'ready')),
    definition      json NOT NULL,
    source          json NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (workflow_id, version)
);

-- Each change of a workflow draws a number, in commit order; matchers ask for what is newer than
-- they know, and a decision of the past finds the version that was live then.
CREATE TABLE workflow_changes (
    change          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow_id     uuid NOT NULL REFERENCES workflows (id),
    version         integer NOT NULL,
    is_active       boolean NOT NULL,
    is_deleted      boolean NOT NULL,
    changed_at      timestamptz NOT NULL
);
CREATE INDEX workflow_changes_of ON workflow_changes (workflow_id, changed_at);

-- Events: the archive in day partitions, and a narrow table that makes keys unique across days.

CREATE TABLE events (
    received_on     date NOT NULL,
    key             uuid NOT NULL,
    environment_id  uuid NOT NULL,
    type            text NOT NULL,
    received_at     timestamptz NOT NULL,
    record          json NOT NULL,
    PRIMARY KEY (received_on, key)
) PARTITION BY RANGE (received_on);
CREATE INDEX events_listed ON events (environment_id, received_at, key);

-- A day's partition must be there before the day's first event; dropping one is retention.
CREATE FUNCTION ensure_event_days(first_day date, last_day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('turnout.event_days'));
    FOR day IN SELECT d::date FROM generate_series(first_day, last_day, interval '1 day') AS d LOOP
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
            'events_' || to_char(day, 'YYYYMMDD'), day, day + 1
        );
    END LOOP;
END
$$;

CREATE FUNCTION drop_event_days(before_day date) RETURNS integer
LANGUAGE plpgsql AS $$
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

CREATE TABLE event_keys (
    key             uuid PRIMARY KEY,
    received_on     date NOT NULL,
    body_hash       bytea NOT NULL,
    origin          text NOT NULL
);
CREATE INDEX event_keys_received ON event_keys USING brin (received_on);

-- The same key with another body: kept apart, never a second event.
CREATE TABLE event_conflicts (
    key             uuid NOT NULL,
    origin          text NOT NULL,
    received_at     timestamptz NOT NULL,
    record          json NOT NULL,
    PRIMARY KEY (key, origin)
);

-- Executions. One row a partition of turnout.commands fences its writers: every commit names the
-- epoch that its owner was given.

CREATE TABLE partition_owners (
    partition       integer PRIMARY KEY,
    epoch           bigint NOT NULL,
    owner           text NOT NULL,
    owned_at        timestamptz NOT NULL,
    consumed_offset bigint NOT NULL,    -- the next command to read
    active_offset   bigint NOT NULL,    -- no command before it started an execution that still runs
    written_seq     bigint NOT NULL,    -- the last execution_log.seq
    emitted_seq     bigint NOT NULL     -- the last execution_log.seq known to be published
);

CREATE TABLE executions (
    id              uuid PRIMARY KEY,
    partition       integer NOT NULL,
    command_offset  bigint NOT NULL,
    environment_id  uuid NOT NULL,
    workflow_id     uuid NOT NULL,
    workflow_version integer NOT NULL,
    event_key       uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    -- what follows changes; no index may name it, so that updates stay in the page
    status          text NOT NULL CHECK (status IN
                        ('RUNNING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    updated_at      timestamptz NOT NULL,
    finished_at     timestamptz CHECK
                        ((finished_at IS NOT NULL) = (status IN ('COMPLETED', 'FAILED', 'CANCELLED'))),
    steps_settled   integer NOT NULL,
    error           json,
    cancel_requested_at timestamptz,
    cancel_reason   text
) WITH (fillfactor = 70);
CREATE INDEX executions_admitted ON executions (partition, command_offset);
CREATE INDEX executions_listed ON executions (environment_id, created_at, id);
CREATE INDEX executions_of_workflow ON executions (workflow_id, created_at, id);
CREATE INDEX executions_of_event ON executions (event_key);

-- What happened, append-only: the history, the source of step results, and the outbox in one.
-- A row is an ended attempt of a step, or a change of phase, or both. The first row of an execution
-- holds the event that started it as its input.
CREATE TABLE execution_log (
    partition       integer NOT NULL,
    seq             bigint NOT NULL,
    execution_id    uuid NOT NULL,
    position        integer NOT NULL,
    phases          text[] NOT NULL,
    step_id         text,
    attempt         integer,
    status          text CHECK (status IN
                        ('COMPLETED', 'FAILED', 'RETRYING', 'SKIPPED', 'CANCELLED')),
    input           json,
    output          json,
    error           json,
    started_at      timestamptz,
    ended_at        timestamptz NOT NULL,
    retry_at        timestamptz CHECK ((retry_at IS NOT NULL) = (status IS NOT DISTINCT FROM 'RETRYING')),
    PRIMARY KEY (partition, seq),
    UNIQUE (execution_id, position),
    CHECK ((step_id IS NULL) = (status IS NULL) AND (attempt IS NULL) = (status IS NULL))
);

-- When an execution that left memory wakes.
CREATE TABLE timers (
    execution_id    uuid PRIMARY KEY,
    partition       integer NOT NULL,
    due_at          timestamptz NOT NULL
);
CREATE INDEX timers_due ON timers (partition, due_at);

-- The local bus (shared/bus/local.py): topics, their records, and consumer groups.

CREATE TABLE bus_topics (
    topic_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text    NOT NULL UNIQUE CHECK (name <> ''),
    partitions integer NOT NULL CHECK (partitions > 0)
);

-- The head of each partition. Its row lock is what makes offsets gap-free and in commit order.
CREATE TABLE bus_partitions (
    topic_id    integer NOT NULL REFERENCES bus_topics,
    partition   integer NOT NULL CHECK (partition >= 0),
    next_offset bigint  NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);

-- No foreign key: every insert has just updated the partition's head.
CREATE TABLE bus_records (
    topic_id     integer     NOT NULL,
    partition    integer     NOT NULL,
    record_offset bigint     NOT NULL,
    published_at timestamptz NOT NULL,
    key          bytea,
    value        bytea,
    headers      bytea,
    PRIMARY KEY (topic_id, partition, record_offset)
);

-- A row to lock: whoever changes who is in a group, or who owns what, holds it.
CREATE TABLE bus_groups (
    group_name text PRIMARY KEY CHECK (group_name <> '')
);

-- A seat in a group. Alive while seen_at is recent; session tells two holders of a name apart.
CREATE TABLE bus_members (
    group_name text        NOT NULL REFERENCES bus_groups,
    member     text        NOT NULL CHECK (member <> ''),
    session    uuid        NOT NULL,
    topics     text[]      NOT NULL,
    seen_at    timestamptz NOT NULL,
    PRIMARY KEY (group_name, member)
) WITH (fillfactor = 50);

-- What a group has committed, and the session that owns the partition now (null: nobody).
CREATE TABLE bus_positions (
    group_name text    NOT NULL REFERENCES bus_groups,
    topic_id   integer NOT NULL,
    partition  integer NOT NULL,
    position   bigint  CHECK (position >= 0),
    session    uuid,
    PRIMARY KEY (group_name, topic_id, partition),
    FOREIGN KEY (topic_id, partition) REFERENCES bus_partitions
) WITH (fillfactor = 50);
