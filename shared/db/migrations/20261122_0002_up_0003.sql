-- The actions that environments register, beside those that every installation has.

-- Every version is kept; the latest counts, and a deleted latest one means there is no action.
CREATE TABLE actions (
    environment_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    version integer NOT NULL CHECK (version >= 1),
    transport text NOT NULL CHECK (transport IN ('http', 'worker')),
    url text,
    input_schema json,
    output_schema json,
    description text,
    category text,
    timeout_s double precision CHECK (timeout_s > 0),
    is_deleted boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment_id, name, version),
    CHECK ((url IS NOT NULL) = (transport = 'http'))
);
