-- Says since when, by whom and why a schedule is paused; nulls: it is not.
-- No rows ever.
UPDATE schedules SET paused_at = $2, paused_by = $3, pause_note = $4 WHERE id = $1
