-- Notes a dead letter by the place of the record that it is about.
-- What is noted already stays as it is.
INSERT INTO letters (place) VALUES (?) ON CONFLICT DO NOTHING
