-- Schedules of steps, beside those of workflows: execution_id and step_id say whose it is, and
-- trigger_id is null. One rests while its workflow is not live.
ALTER TABLE schedules
    DROP CONSTRAINT schedules_pkey,
    ALTER COLUMN trigger_id DROP NOT NULL,
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN execution_id uuid,
    ADD COLUMN step_id text,
    ADD COLUMN is_resting boolean NOT NULL DEFAULT false,
    ADD PRIMARY KEY (id),
    ADD UNIQUE (workflow_id, trigger_id),
    ADD CONSTRAINT schedules_owner_check CHECK (
        (trigger_id IS NULL) = (step_id IS NOT NULL) AND (step_id IS NULL) = (execution_id IS NULL)
    );
DROP INDEX schedules_due;
CREATE INDEX schedules_due ON schedules (next_at) WHERE NOT is_resting;
CREATE INDEX schedules_listed ON schedules (next_at, id);
