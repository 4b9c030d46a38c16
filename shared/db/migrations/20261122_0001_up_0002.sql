-- The whole execution model: graphs, waits, signals, expiry, lineage. See docs/STATES.md.

ALTER TABLE workflow_versions
    DROP CONSTRAINT workflow_versions_dialect_check,
    ADD CONSTRAINT workflow_versions_dialect_check CHECK (dialect IN
        ('native', 'truto', 'altostrat', 'sixtyfour', 'thena', 'transactionlink'));

ALTER TABLE executions
    DROP CONSTRAINT executions_status_check,
    DROP CONSTRAINT executions_check,
    ADD CONSTRAINT executions_status_check CHECK (status IN
        ('RUNNING', 'WAITING', 'RETRYING', 'SUSPENDED', 'COMPENSATING',
         'COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED')),
    ADD CONSTRAINT executions_finished_check CHECK ((finished_at IS NOT NULL) =
        (status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED'))),
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN result_at integer,      -- the log position whose output is the result
    ADD COLUMN lineage json;           -- what caused it: parent, chain of events, what it repeats

ALTER TABLE execution_log RENAME COLUMN retry_at TO wake_at;
ALTER TABLE execution_log
    DROP CONSTRAINT execution_log_status_check,
    DROP CONSTRAINT execution_log_check,
    ADD CONSTRAINT execution_log_status_check CHECK (status IN
        ('COMPLETED', 'FAILED', 'RETRYING', 'WAITING', 'APPROVED', 'SKIPPED', 'CANCELLED')),
    ADD CONSTRAINT execution_log_wake_check CHECK (CASE status
        WHEN 'RETRYING' THEN wake_at IS NOT NULL
        WHEN 'WAITING' THEN true
        ELSE wake_at IS NULL END),
    ADD COLUMN handle text;            -- the way a step was left by, or what kept it from running

-- Timers are read page by page, in this very order.
DROP INDEX timers_due;
CREATE INDEX timers_due ON timers (partition, due_at, execution_id);

-- What executions were told and have not taken in yet, by its place on the commands topic.
CREATE TABLE inbox (
    execution_id    uuid NOT NULL,
    command_offset  bigint NOT NULL,
    partition       integer NOT NULL,
    command         json NOT NULL,
    PRIMARY KEY (execution_id, command_offset)
);
CREATE INDEX inbox_of_partition ON inbox (partition, execution_id);

-- Steps that wait for something from outside. The subject is what they are found by: an approver, an
-- event's name, a task's action, another execution.
CREATE TABLE waits (
    execution_id    uuid NOT NULL,
    step_id         text NOT NULL,
    partition       integer NOT NULL,
    environment_id  uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN
                        ('approval', 'form', 'event', 'task', 'subworkflow')),
    subject         text NOT NULL,
    attempt         integer NOT NULL,
    since           timestamptz NOT NULL,
    due_at          timestamptz,
    data            json NOT NULL,
    has_looked_back boolean NOT NULL,  -- an event that came before the wait has been looked for
    beaten_at       timestamptz,       -- a remote worker's last sign of life
    progress        json,              -- and what it said of its progress
    claimed_until   timestamptz,       -- a worker that polls over HTTP has it until then
    claimed_by      text,
    PRIMARY KEY (execution_id, step_id)
);
CREATE INDEX waits_found ON waits (environment_id, kind, subject, since);
CREATE INDEX waits_looking ON waits (partition) WHERE NOT has_looked_back;
