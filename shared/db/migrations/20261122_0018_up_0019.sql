-- What Altostrat keeps beside workflows: secrets have names of their own and end, and the address of
-- a webhook is shown again, so its token is kept, sealed as secrets are.

ALTER TABLE secrets
    ADD COLUMN label text,
    ADD COLUMN expires_at timestamptz;

CREATE TABLE altostrat_addresses (
    workflow_id uuid PRIMARY KEY REFERENCES workflows (id),
    environment_id uuid NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON altostrat_addresses TO turnout_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON altostrat_addresses TO turnout_tenant;

ALTER TABLE altostrat_addresses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON altostrat_addresses TO turnout_engine USING (true);
CREATE POLICY tenant ON altostrat_addresses TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
