-- Executions that ended long ago may be deleted: up to when that was done, and what refers to which.

CREATE TABLE pruned (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Of the executions that ended before, any may be gone.
    ended_before timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON pruned TO turnout_engine;

-- None of what these are over ever changes.
CREATE INDEX executions_of_repeated ON executions ((lineage #>> '{repeats,execution_id}'))
WHERE (lineage #>> '{repeats,execution_id}') IS NOT NULL;

CREATE INDEX schedules_of_execution ON schedules (execution_id) WHERE execution_id IS NOT NULL;

CREATE INDEX sixtyfour_job_blocks_of_execution ON sixtyfour_job_blocks (execution_id);
