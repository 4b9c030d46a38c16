-- How many deliveries have not ended.
-- One row always.
SELECT count(*) FROM webhook_deliveries WHERE next_at IS NOT NULL
