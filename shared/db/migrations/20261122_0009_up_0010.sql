-- Two roles beside whoever owns the tables. turnout_engine reads and writes every environment's rows:
-- each process logs in as a member of it. turnout_tenant sees those of one environment, which the
-- setting turnout.environment names in each transaction: the api asks as that role.

-- Roles are the whole server's, so the migration of another database may make them just now.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['turnout_engine', 'turnout_tenant'] LOOP
        FOR attempt IN 1..10 LOOP
            BEGIN
                IF to_regrole(role) IS NULL THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN', role);
                END IF;
                IF NOT pg_has_role(role, 'USAGE') THEN
                    EXECUTE format('GRANT %I TO CURRENT_USER', role);
                END IF;
                EXIT;
            EXCEPTION
                WHEN duplicate_object OR unique_violation OR internal_error THEN
                    IF attempt = 10 THEN
                        RAISE;
                    END IF;
            END;
        END LOOP;
    END LOOP;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'The user %I may not make the roles turnout_engine and turnout_tenant. Let a superuser'
            ' run: CREATE ROLE turnout_engine; CREATE ROLE turnout_tenant;'
            ' GRANT turnout_engine, turnout_tenant TO %I;',
            current_user, current_user
        );
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO turnout_engine;
-- Each process sees whether the schema is the one that it needs.
GRANT USAGE ON SCHEMA schema_history TO turnout_engine;
GRANT SELECT ON schema_history.migrations TO turnout_engine;

-- Days of the archive are tables, which their owner makes, whoever asks for them.
ALTER FUNCTION ensure_event_days (date, date) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION drop_event_days (date) SECURITY DEFINER SET search_path = public, pg_temp;
REVOKE EXECUTE ON FUNCTION ensure_event_days (date, date), drop_event_days (date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_days (date, date), drop_event_days (date) TO turnout_engine;

-- What the api does for a caller, and no more. A table that is not named here is the engine's alone;
-- so are the days of the archive, which are asked for through the table that they are parts of.
GRANT SELECT ON events, event_keys, event_conflicts, executions, execution_log TO turnout_tenant;
GRANT SELECT, INSERT ON workflow_versions, workflow_changes, audit_log TO turnout_tenant;
GRANT SELECT, UPDATE ON waits TO turnout_tenant;
GRANT SELECT, INSERT, UPDATE ON workflows, actions, api_keys TO turnout_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules, webhooks, event_types TO turnout_tenant;

-- Forced: the tables' owner is subject to the policies as well, and sees nothing but as a member.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'workflows', 'schedules', 'actions', 'event_types', 'events', 'executions', 'waits',
        'api_keys', 'audit_log', 'workflow_versions', 'workflow_changes', 'webhooks',
        'event_keys', 'event_conflicts', 'execution_log'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name
        );
        EXECUTE format('CREATE POLICY engine ON %I TO turnout_engine USING (true)', name);
    END LOOP;
    -- A setting that is missing, or empty as after an earlier transaction of the session, is an
    -- error and never everything.
    FOREACH name IN ARRAY ARRAY[
        'workflows', 'schedules', 'actions', 'event_types', 'events', 'executions', 'waits',
        'api_keys', 'audit_log'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO turnout_tenant'
            ' USING (environment_id = current_setting(''turnout.environment'')::uuid)',
            name
        );
    END LOOP;
END
$$;

-- Rows that name no environment are their parent's, which the tenant sees by its own policy. Asked
-- for as one value, not with EXISTS, it is looked up by its key and never read as a whole.
CREATE POLICY tenant ON workflow_versions TO turnout_tenant
    USING (workflow_id = (SELECT w.id FROM workflows AS w WHERE w.id = workflow_id));
CREATE POLICY tenant ON workflow_changes TO turnout_tenant
    USING (workflow_id = (SELECT w.id FROM workflows AS w WHERE w.id = workflow_id));
CREATE POLICY tenant ON webhooks TO turnout_tenant
    USING (workflow_id = (SELECT w.id FROM workflows AS w WHERE w.id = workflow_id));
CREATE POLICY tenant ON execution_log TO turnout_tenant
    USING (execution_id = (SELECT x.id FROM executions AS x WHERE x.id = execution_id));
CREATE POLICY tenant ON event_keys TO turnout_tenant
    USING (key = (
        SELECT e.key FROM events AS e
        WHERE e.received_on = event_keys.received_on AND e.key = event_keys.key
    ));
CREATE POLICY tenant ON event_conflicts TO turnout_tenant
    USING (key = (SELECT k.key FROM event_keys AS k WHERE k.key = event_conflicts.key));
