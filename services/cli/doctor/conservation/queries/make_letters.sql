-- The places of records that went to the dead letters.
-- Gone with the connection.
CREATE TABLE letters (place TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID
