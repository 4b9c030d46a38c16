-- Until the transaction ends, shows one environment's rows and lets only them be changed.
-- Always one row.
SELECT set_config('role', 'turnout_tenant', true), set_config('turnout.environment', $1::uuid::text, true)
