-- Gives an environment the key of its links, unless it has one.
-- No rows.
INSERT INTO sixtyfour_link_keys (environment_id, key)
VALUES ($1, $2)
ON CONFLICT (environment_id) DO NOTHING
