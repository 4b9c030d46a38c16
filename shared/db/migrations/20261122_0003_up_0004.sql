-- Schedules of live workflows, and when each is due next.

CREATE TABLE schedules (
    workflow_id     uuid NOT NULL REFERENCES workflows (id),
    trigger_id      text NOT NULL,
    environment_id  uuid NOT NULL,
    workflow_version integer NOT NULL,
    schedule        text NOT NULL,
    next_at         timestamptz NOT NULL,
    PRIMARY KEY (workflow_id, trigger_id)
);
CREATE INDEX schedules_due ON schedules (next_at);
