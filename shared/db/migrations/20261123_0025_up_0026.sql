-- Events that match more workflows than one event may start: who was left out, and how far those
-- events have got that are decided bit by bit.

CREATE TABLE overflows (
    event_key uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    received_on date NOT NULL,
    started integer NOT NULL,
    matched integer NOT NULL,
    -- Workflows are decided in the order of their ids: from this one on none was started.
    first_left_out uuid NOT NULL
);

CREATE INDEX overflows_received ON overflows USING brin (received_on);

GRANT SELECT, INSERT, UPDATE, DELETE ON overflows TO turnout_engine;
GRANT SELECT ON overflows TO turnout_tenant;

ALTER TABLE overflows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON overflows TO turnout_engine USING (true);
CREATE POLICY tenant ON overflows TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

-- Of the workflows before the first that is not decided, so many matched. A matcher of the version
-- before does not say.
ALTER TABLE late_events ADD COLUMN matched integer NOT NULL DEFAULT 0;
