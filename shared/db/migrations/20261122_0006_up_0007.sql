ALTER TABLE actions
    ADD COLUMN source text,
    ADD COLUMN throttle json,
    ADD COLUMN metadata json;

-- How many calls of an action, by the digest of what its throttle's key came to, the last window
-- that was given out has, and when that ends. Lost in a crash of Postgres, which costs at most one
-- window's calls: a row is written with each call, and is not worth a write to the disk.
CREATE UNLOGGED TABLE throttles (
    environment_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    ends_at timestamptz NOT NULL,
    used integer NOT NULL CHECK (used >= 1),
    PRIMARY KEY (environment_id, action, key)
);

-- Executions that run by turns, in the order in which they asked; without granted_at they wait.
-- Of those whose key (its digest) is the same at most "most" may run.
CREATE TABLE turns (
    execution_id uuid PRIMARY KEY,
    workflow_id uuid NOT NULL,
    key bytea NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    most integer NOT NULL CHECK (most >= 1),
    asked_at timestamptz NOT NULL,
    granted_at timestamptz
);
CREATE INDEX turns_waiting ON turns (workflow_id, key, place) WHERE granted_at IS NULL;
CREATE INDEX turns_granted ON turns (workflow_id, key) WHERE granted_at IS NOT NULL;

ALTER TABLE waits
    DROP CONSTRAINT waits_kind_check,
    ADD CONSTRAINT waits_kind_check
        CHECK (kind IN ('approval', 'form', 'event', 'task', 'subworkflow', 'turn'));

-- What was asked with a key that names an execution: the digest of the request.
CREATE TABLE start_keys (
    execution_id uuid PRIMARY KEY,
    asked bytea NOT NULL,
    asked_at timestamptz NOT NULL
);
CREATE INDEX start_keys_old ON start_keys USING brin (asked_at);
