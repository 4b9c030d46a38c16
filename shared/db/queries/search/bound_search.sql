-- Until the transaction ends: no statement takes longer than $1, and each is planned for its own values,
-- as conditions that are left out say much. One row always.
SELECT set_config('statement_timeout', $1, true),
    set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('jit', 'off', true)
