-- What Sixtyfour keeps beside workflows: the key of each environment's links to files, and jobs that
-- are built block by block.

CREATE TABLE sixtyfour_link_keys (
    environment_id uuid PRIMARY KEY,
    key bytea NOT NULL,
    CONSTRAINT sixtyfour_link_keys_key_check CHECK (octet_length(key) = 32)
);

CREATE TABLE sixtyfour_jobs (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    save_json boolean NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);

CREATE TABLE sixtyfour_job_blocks (
    job_id uuid NOT NULL REFERENCES sixtyfour_jobs (id),
    -- Also the id of the workflow that was made of the block alone.
    block_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    parent_block_id uuid,
    number integer NOT NULL,
    block_name text NOT NULL,
    specs json NOT NULL,
    execution_id uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (job_id, number),
    CONSTRAINT sixtyfour_job_blocks_number_check CHECK (number >= 1)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON sixtyfour_link_keys, sixtyfour_jobs, sixtyfour_job_blocks
    TO turnout_engine;
GRANT SELECT, INSERT ON sixtyfour_link_keys, sixtyfour_job_blocks TO turnout_tenant;
GRANT SELECT, INSERT, UPDATE ON sixtyfour_jobs TO turnout_tenant;

ALTER TABLE sixtyfour_link_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON sixtyfour_link_keys TO turnout_engine USING (true);
CREATE POLICY tenant ON sixtyfour_link_keys TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE sixtyfour_jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON sixtyfour_jobs TO turnout_engine USING (true);
CREATE POLICY tenant ON sixtyfour_jobs TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);

ALTER TABLE sixtyfour_job_blocks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY engine ON sixtyfour_job_blocks TO turnout_engine USING (true);
CREATE POLICY tenant ON sixtyfour_job_blocks TO turnout_tenant
    USING (environment_id = current_setting('turnout.environment')::uuid);
