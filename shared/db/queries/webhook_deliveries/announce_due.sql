-- Tells the processes that deliver, when the transaction commits, that something has become due.
-- One row always.
SELECT pg_notify('turnout_webhooks', '')
