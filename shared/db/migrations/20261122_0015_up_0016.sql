-- What schedules do when they are late, when their work is still under way, and in which span.

ALTER TABLE schedules
    -- Null: never again, and what waits in queued_at is the last of it.
    ALTER COLUMN next_at DROP NOT NULL,
    -- By so much what is due at next_at starts later.
    ADD COLUMN delay_s double precision NOT NULL DEFAULT 0 CHECK (delay_s >= 0),
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN paused_by text,
    ADD COLUMN pause_note text,
    -- The time for which it started an execution last, which, and when.
    ADD COLUMN last_at timestamptz,
    ADD COLUMN last_execution_id uuid,
    ADD COLUMN last_started_at timestamptz,
    -- The time that waits for that execution's end.
    ADD COLUMN queued_at timestamptz,
    -- The time that was passed over last, and why.
    ADD COLUMN skipped_at timestamptz,
    ADD COLUMN skip_reason text COLLATE "C";

ALTER TABLE schedules
    ADD CONSTRAINT schedules_pause_check CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
    ADD CONSTRAINT schedules_last_check CHECK (
        (last_at IS NULL) = (last_execution_id IS NULL)
        AND (last_at IS NULL) = (last_started_at IS NULL)
    ),
    ADD CONSTRAINT schedules_skip_check CHECK ((skipped_at IS NULL) = (skip_reason IS NULL));

-- Computed, and so right whoever writes next_at. Adding to a timestamptz depends on the session's
-- zone; in UTC it does not.
ALTER TABLE schedules
    ADD COLUMN run_at timestamptz GENERATED ALWAYS AS (
        (next_at AT TIME ZONE 'UTC' + delay_s * interval '1 second') AT TIME ZONE 'UTC'
    ) STORED;

CREATE INDEX schedules_run ON schedules (run_at) WHERE NOT is_resting AND paused_at IS NULL;
CREATE INDEX schedules_queued ON schedules (queued_at) WHERE queued_at IS NOT NULL;
DROP INDEX schedules_due;
