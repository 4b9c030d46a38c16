-- What a search begins with. None of it costs an execution that neither fails nor was caused by
-- another anything: with an index on the status each change of one would write to every index.
CREATE INDEX executions_failed ON executions (environment_id, created_at, id)
WHERE error IS NOT NULL;
CREATE INDEX executions_failed_of_workflow ON executions (workflow_id, created_at, id)
WHERE error IS NOT NULL;
CREATE INDEX executions_of_parent ON executions ((lineage #>> '{parent,execution_id}'))
WHERE lineage #>> '{parent,execution_id}' IS NOT NULL;
CREATE INDEX executions_of_root ON executions ((lineage #>> '{cause,root}'))
WHERE lineage #>> '{cause,root}' IS NOT NULL;

-- The executions that a step of one started, and all that came of an event, also by way of others. As
-- the tables' owner: row-level security lets no index on what JSON says be used, for how it is taken
-- out might tell of rows that it hides. The environment is the one that the transaction names.
CREATE FUNCTION children_of_execution(parent uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE ROWS 10 SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT x.id
    FROM executions AS x
    WHERE x.lineage #>> '{parent,execution_id}' = parent::text
        AND x.environment_id = current_setting('turnout.environment')::uuid;
END
$$;
CREATE FUNCTION descendants_of_event(root uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE ROWS 10 SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT x.id
    FROM executions AS x
    WHERE (x.event_key = root OR x.lineage #>> '{cause,root}' = root::text)
        AND x.environment_id = current_setting('turnout.environment')::uuid;
END
$$;
REVOKE EXECUTE ON FUNCTION children_of_execution (uuid), descendants_of_event (uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION children_of_execution (uuid), descendants_of_event (uuid)
TO turnout_tenant, turnout_engine;
