-- What is archived keeps its history and is started by nothing.
ALTER TABLE workflow_versions
    DROP CONSTRAINT workflow_versions_lifecycle_check,
    ADD CONSTRAINT workflow_versions_lifecycle_check
        CHECK (lifecycle IN ('draft', 'ready', 'archived'));

-- Who sent the first version; null where that was not kept.
ALTER TABLE workflows ADD COLUMN created_by text CHECK (created_by <> '');

-- The addresses of live workflows, by the SHA-256 (hex) of the token that each ends with.
CREATE TABLE webhooks (
    token_hash text PRIMARY KEY CHECK (length(token_hash) = 64),
    workflow_id uuid NOT NULL REFERENCES workflows (id),
    trigger_id text NOT NULL,
    UNIQUE (workflow_id, trigger_id)
);

-- The types of events that an environment registers; a trigger may name one by its uid.
CREATE TABLE event_types (
    environment_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    uid text NOT NULL CHECK (uid <> ''),
    type text NOT NULL CHECK (type <> ''),
    source text,
    description text,
    schema json,
    metadata json,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment_id, name),
    UNIQUE (environment_id, uid)
);
