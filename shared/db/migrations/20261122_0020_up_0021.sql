-- How often workflows were decided on, and how; and how often events came that some trigger names.

CREATE TABLE decision_counts (
    environment_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    -- The day on which the events arrived, in UTC.
    day date NOT NULL,
    reason text COLLATE "C" NOT NULL,
    decisions bigint NOT NULL,
    -- The last of those events.
    event_key uuid NOT NULL,
    event_at timestamptz NOT NULL,
    PRIMARY KEY (workflow_id, day, reason),
    CONSTRAINT decision_counts_decisions_check CHECK (decisions > 0)
);

CREATE TABLE trigger_counts (
    environment_id uuid NOT NULL,
    -- As triggers write it: with a star at its end it names many types.
    event_name text COLLATE "C" NOT NULL,
    day date NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (environment_id, event_name, day),
    CONSTRAINT trigger_counts_events_check CHECK (events > 0)
);

CREATE INDEX decision_counts_day ON decision_counts (day);
CREATE INDEX trigger_counts_day ON trigger_counts (day);

GRANT SELECT, INSERT, UPDATE, DELETE ON decision_counts, trigger_counts TO turnout_engine;
GRANT SELECT ON decision_counts, trigger_counts TO turnout_tenant;

ALTER TABLE decision_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON decision_counts TO turnout_engine USING (true);
CREATE POLICY tenant ON decision_counts TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE trigger_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON trigger_counts TO turnout_engine USING (true);
CREATE POLICY tenant ON trigger_counts TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
