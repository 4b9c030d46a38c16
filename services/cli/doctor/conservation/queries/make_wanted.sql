-- What must be on a topic, and what was found of it.
-- Gone with the connection.
CREATE TABLE wanted (
    topic TEXT NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest BLOB,
    cut BLOB,
    hash INTEGER NOT NULL,
    since REAL NOT NULL,
    partition INTEGER,
    place INTEGER,
    copies INTEGER NOT NULL DEFAULT 0,
    differs INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, id)
) WITHOUT ROWID
