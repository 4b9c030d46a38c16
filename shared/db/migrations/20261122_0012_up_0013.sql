-- Secrets, encrypted: by the key of the ring that key_id names, for this environment and name alone.
-- version counts what was put; a new encryption of the same value leaves it, and updated_at, as is.
CREATE TABLE secrets (
    environment_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z0-9_][a-z0-9_-]{0,255}$'),
    version integer NOT NULL CHECK (version >= 1),
    key_id text COLLATE "C" NOT NULL CHECK (key_id <> ''),
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (environment_id, name)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON secrets TO turnout_engine, turnout_tenant;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON secrets TO turnout_engine USING (true);
CREATE POLICY tenant ON secrets TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
