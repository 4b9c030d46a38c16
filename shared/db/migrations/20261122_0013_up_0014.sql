-- Records that could not be used, kept so that people can see them and try them again. The topic
-- has each of them as well, for as long as its retention says.

CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    at timestamptz NOT NULL,
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
    -- Whether all of the record is here, so that it can be published again.
    is_whole boolean NOT NULL
);

CREATE INDEX dead_letters_listed ON dead_letters (environment_id, at, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO turnout_engine;
GRANT SELECT, DELETE ON dead_letters TO turnout_tenant;

ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON dead_letters TO turnout_engine USING (true);
CREATE POLICY tenant ON dead_letters TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
