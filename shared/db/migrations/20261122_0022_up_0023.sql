-- Runs that somebody has taken out of view, in a dialect that has such a thing: what ran is kept.

CREATE TABLE hidden_runs (
    execution_id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    hidden_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON hidden_runs TO turnout_engine;
GRANT SELECT, INSERT ON hidden_runs TO turnout_tenant;

ALTER TABLE hidden_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON hidden_runs TO turnout_engine USING (true);
CREATE POLICY tenant ON hidden_runs TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
