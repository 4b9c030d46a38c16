-- Workflows that are set aside, those that every event must try, and events that are decided later.

ALTER TABLE workflows ADD COLUMN is_unindexed boolean NOT NULL DEFAULT false;

CREATE INDEX workflows_unindexed ON workflows (environment_id)
WHERE is_unindexed AND is_active AND NOT is_deleted;

-- A version of a workflow that no event starts, as its conditions kept exceeding their bounds.
CREATE TABLE quarantines (
    workflow_id uuid NOT NULL REFERENCES workflows (id),
    version integer NOT NULL,
    environment_id uuid NOT NULL,
    -- The bound that was exceeded last, and by which event.
    code text COLLATE "C" NOT NULL,
    event_key uuid NOT NULL,
    since timestamptz NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (workflow_id, since)
);

CREATE UNIQUE INDEX quarantines_now ON quarantines (workflow_id) WHERE released_at IS NULL;

-- Events on which an environment's workflows could not all be decided at once.
CREATE TABLE late_events (
    environment_id uuid NOT NULL,
    event_key uuid NOT NULL,
    late_since timestamptz NOT NULL,
    -- Those before it, in the order of their ids, are decided.
    first_workflow_id uuid NOT NULL,
    -- As it stands on the topic.
    event bytea NOT NULL,
    PRIMARY KEY (environment_id, event_key)
);

CREATE INDEX late_events_taken ON late_events (environment_id, late_since, event_key);

GRANT SELECT, INSERT, UPDATE, DELETE ON quarantines, late_events TO turnout_engine;
GRANT SELECT, UPDATE ON quarantines TO turnout_tenant;

ALTER TABLE quarantines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON quarantines TO turnout_engine USING (true);
CREATE POLICY tenant ON quarantines TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE late_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON late_events TO turnout_engine USING (true);
