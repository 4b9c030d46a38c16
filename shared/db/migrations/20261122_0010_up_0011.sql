-- Answers to requests that named themselves with a key, so that a repeated one is answered in the
-- same way and changes nothing. key is the SHA-256 of who asks and of the key; asked is a digest of
-- the request, made with the key. holder is the request that is at it, or was.
CREATE TABLE idempotency_keys (
    environment_id uuid NOT NULL,
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    asked bytea NOT NULL CHECK (octet_length(asked) = 32),
    holder uuid NOT NULL,
    held_at timestamptz NOT NULL,
    -- What the request changed, written with the change; null: nothing yet.
    done text,
    -- The answer; null: there is none yet. Without a body it was one that is told once.
    status smallint,
    headers json,
    body bytea,
    PRIMARY KEY (environment_id, key)
);
CREATE INDEX idempotency_keys_old ON idempotency_keys (held_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO turnout_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO turnout_tenant;

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON idempotency_keys TO turnout_engine USING (true);
CREATE POLICY tenant ON idempotency_keys TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
