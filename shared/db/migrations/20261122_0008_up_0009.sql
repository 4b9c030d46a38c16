-- Organisations, and the environments that everything belongs to. Rows of other tables name an
-- environment without a foreign key: an event may come from one that is not listed here.
CREATE TABLE organisations (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    created_at timestamptz NOT NULL
);
CREATE TABLE environments (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations,
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    UNIQUE (organisation_id, name)
);

-- Keys of the api. The secret itself is told once and kept nowhere: hash is its SHA-256, prefix the
-- start by which people know it again. A rotated key has successors of the same name.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environments,
    name text NOT NULL CHECK (name <> ''),
    prefix text NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_listed ON api_keys (environment_id, created_at, id);

-- What was changed through the api: by whom, with which request, and how it stood before and after.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    environment_id uuid NOT NULL,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before json,
    after json,
    request_id text NOT NULL
);
CREATE INDEX audit_log_listed ON audit_log (environment_id, at, id);

INSERT INTO organisations (id, name, created_at)
VALUES ('00000000-0000-4000-8000-000000000000', 'default', now());
INSERT INTO environments (id, organisation_id, name, created_at)
VALUES (
    '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000000', 'default', now()
);
-- Those in use until now, by the only name that they had.
INSERT INTO environments (id, organisation_id, name, created_at)
SELECT e.id, '00000000-0000-4000-8000-000000000000', e.id::text, now()
FROM (
    SELECT environment_id AS id FROM workflows
    UNION SELECT environment_id FROM actions
    UNION SELECT environment_id FROM event_types
) AS e
ON CONFLICT DO NOTHING;
