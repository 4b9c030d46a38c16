-- Versions of event types: what one was is still known when it has changed.

ALTER TABLE event_types
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT event_types_version_check CHECK (version >= 1);

CREATE TABLE event_type_versions (
    environment_id uuid NOT NULL,
    name text COLLATE pg_catalog."C" NOT NULL,
    version integer NOT NULL,
    uid text NOT NULL,
    type text NOT NULL,
    source text,
    description text,
    schema json,
    metadata json,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment_id, name, version),
    CONSTRAINT event_type_versions_version_check CHECK (version >= 1)
);

INSERT INTO event_type_versions (
    environment_id, name, version, uid, type, source, description, schema, metadata, updated_at
)
SELECT t.environment_id, t.name, t.version, t.uid, t.type, t.source, t.description, t.schema,
    t.metadata, t.updated_at
FROM event_types AS t;

GRANT SELECT, INSERT, UPDATE, DELETE ON event_type_versions TO turnout_engine;
GRANT SELECT, INSERT ON event_type_versions TO turnout_tenant;

ALTER TABLE event_type_versions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON event_type_versions TO turnout_engine USING (true);
CREATE POLICY tenant ON event_type_versions TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
