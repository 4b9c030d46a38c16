-- Which events the triggers of each version of a workflow name: how the workflows that await an
-- event are found without reading every definition.

CREATE TABLE trigger_names (
    environment_id uuid NOT NULL,
    -- As triggers write it: with a star at its end it names many types.
    event_name text COLLATE "C" NOT NULL,
    -- When the workflow was made: lists are in this order.
    created_at timestamptz NOT NULL,
    workflow_id uuid NOT NULL REFERENCES workflows (id),
    version integer NOT NULL,
    PRIMARY KEY (environment_id, event_name, created_at, workflow_id, version)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON trigger_names TO turnout_engine;
GRANT SELECT, INSERT ON trigger_names TO turnout_tenant;

ALTER TABLE trigger_names ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON trigger_names TO turnout_engine USING (true);
CREATE POLICY tenant ON trigger_names TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

-- A table of their own and no index on what the JSON says: row-level security would not let tenants
-- use that one. The database writes them, for programs of the version before know nothing of them.
CREATE FUNCTION keep_trigger_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trigger_names (environment_id, event_name, created_at, workflow_id, version)
    SELECT DISTINCT w.environment_id, t ->> 'event_name', w.created_at, w.id, NEW.version
    FROM workflows AS w, json_array_elements(NEW.definition -> 'triggers') AS t
    WHERE w.id = NEW.workflow_id AND t ->> 'event_name' IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER workflow_versions_named AFTER INSERT ON workflow_versions
FOR EACH ROW EXECUTE FUNCTION keep_trigger_names();

INSERT INTO trigger_names (environment_id, event_name, created_at, workflow_id, version)
SELECT DISTINCT w.environment_id, t ->> 'event_name', w.created_at, w.id, v.version
FROM workflow_versions AS v
JOIN workflows AS w ON w.id = v.workflow_id, json_array_elements(v.definition -> 'triggers') AS t
WHERE t ->> 'event_name' IS NOT NULL;
