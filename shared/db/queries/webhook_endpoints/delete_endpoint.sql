-- Forgets an endpoint: its address is nobody's.
-- No rows ever.
DELETE FROM webhook_endpoints WHERE id = $1
