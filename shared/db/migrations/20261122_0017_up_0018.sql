-- Subscriptions to results and phases, what is to be delivered to them, how each attempt went, and
-- the secrets that messages are signed by.

CREATE TABLE webhook_subscriptions (
    id uuid PRIMARY KEY,
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
    disabled_at timestamptz,
    disabled_reason text,
    -- Since when every attempt has failed; null while the last one did not.
    failing_since timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT webhook_subscriptions_format_check
        CHECK (format = ANY (ARRAY['native', 'truto', 'sixtyfour', 'transactionlink'])),
    CONSTRAINT webhook_subscriptions_signing_check
        CHECK (signing = ANY (ARRAY['standard', 'truto', 'sixtyfour', 'transactionlink']))
);

CREATE INDEX webhook_subscriptions_listed
    ON webhook_subscriptions (environment_id, created_at, id);

-- One row for each record that a subscription wants. Due at next_at, which is null once it has
-- ended; whoever has claimed it moves next_at to when another may.
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    subscription_id uuid NOT NULL REFERENCES webhook_subscriptions ON DELETE CASCADE,
    kind text NOT NULL,
    execution_id uuid,
    record bytea NOT NULL,
    status text NOT NULL DEFAULT 'PENDING',
    created_at timestamptz NOT NULL,
    next_at timestamptz,
    claims integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    -- Attempts since it was last begun: a replay begins it anew.
    tries integer NOT NULL DEFAULT 0,
    ended_at timestamptz,
    CONSTRAINT webhook_deliveries_status_check
        CHECK (status = ANY (ARRAY['PENDING', 'DELIVERED', 'FAILED']))
);

CREATE INDEX webhook_deliveries_due
    ON webhook_deliveries (subscription_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_deliveries_listed
    ON webhook_deliveries (subscription_id, created_at, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number integer NOT NULL,
    environment_id uuid NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    error text,
    answer text,
    PRIMARY KEY (delivery_id, number)
);

-- Each is encrypted for its environment and id; without a subscription it is the environment's own.
-- Of a key pair the secret is the private half.
CREATE TABLE signing_secrets (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    subscription_id uuid REFERENCES webhook_subscriptions ON DELETE CASCADE,
    form text NOT NULL,
    ending text NOT NULL,
    public_key json,
    key_id text COLLATE pg_catalog."C" NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT signing_secrets_form_check
        CHECK (form = ANY (ARRAY['standard', 'truto', 'sixtyfour', 'transactionlink'])),
    CONSTRAINT signing_secrets_key_id_check CHECK (key_id <> ''),
    CONSTRAINT signing_secrets_nonce_check CHECK (octet_length(nonce) = 12)
);

CREATE INDEX signing_secrets_of_subscriptions
    ON signing_secrets (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX signing_secrets_of_environments
    ON signing_secrets (environment_id, form) WHERE subscription_id IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON webhook_subscriptions, webhook_deliveries, webhook_attempts, signing_secrets
    TO turnout_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_subscriptions, signing_secrets TO turnout_tenant;
GRANT SELECT, INSERT, UPDATE ON webhook_deliveries TO turnout_tenant;
GRANT SELECT ON webhook_attempts TO turnout_tenant;

ALTER TABLE webhook_subscriptions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON webhook_subscriptions TO turnout_engine USING (true);
CREATE POLICY tenant ON webhook_subscriptions TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON webhook_deliveries TO turnout_engine USING (true);
CREATE POLICY tenant ON webhook_deliveries TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON webhook_attempts TO turnout_engine USING (true);
CREATE POLICY tenant ON webhook_attempts TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE signing_secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON signing_secrets TO turnout_engine USING (true);
CREATE POLICY tenant ON signing_secrets TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
