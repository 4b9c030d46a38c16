-- Days of the archive come and go while somebody reads it for long, as a dump does. A new day is made
-- beside the archive and then attached, for which nobody who reads or writes has to be through. What
-- has to wait for them all the same waits a second: whoever comes after waits behind it.

CREATE OR REPLACE FUNCTION ensure_event_days(first_day date, last_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    missing date[] := ARRAY(
        SELECT d::date
        FROM generate_series(first_day, last_day, interval '1 day') AS d
        WHERE to_regclass('events_' || to_char(d, 'YYYYMMDD')) IS NULL
    );
    day date;
    name text;
BEGIN
    IF missing = '{}' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('turnout.event_days'));
    FOREACH day IN ARRAY missing LOOP
        name := 'events_' || to_char(day, 'YYYYMMDD');
        -- Another may have made it meanwhile.
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE %I (LIKE events INCLUDING CONSTRAINTS INCLUDING DEFAULTS'
            ' INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',
            name
        );
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            name, day, day + 1
        );
    END LOOP;
END
$$;

ALTER FUNCTION drop_event_days (date) SET lock_timeout = '1s';
