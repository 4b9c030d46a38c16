-- The key of an environment's links.
-- Zero rows: it has none yet.
SELECT key FROM sixtyfour_link_keys WHERE environment_id = $1
