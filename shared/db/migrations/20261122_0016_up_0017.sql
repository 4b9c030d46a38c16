-- Addresses of environments: what is sent there becomes an event, for whatever workflow awaits it.
-- Of an address's token only the SHA-256 is kept.

CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    token_hash text COLLATE pg_catalog."C" NOT NULL UNIQUE
        CONSTRAINT webhook_endpoints_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    spec json NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    address_made_at timestamptz NOT NULL
);

CREATE INDEX webhook_endpoints_listed ON webhook_endpoints (environment_id, created_at, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO turnout_engine, turnout_tenant;

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON webhook_endpoints TO turnout_engine USING (true);
CREATE POLICY tenant ON webhook_endpoints TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
