-- Sets of parameters that TransactionLink's clients keep, and name when they start something.

CREATE TABLE transactionlink_parameters (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    parameters json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX transactionlink_parameters_listed
ON transactionlink_parameters (environment_id, created_at, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON transactionlink_parameters TO turnout_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON transactionlink_parameters TO turnout_tenant;

ALTER TABLE transactionlink_parameters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON transactionlink_parameters TO turnout_engine USING (true);
CREATE POLICY tenant ON transactionlink_parameters TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
