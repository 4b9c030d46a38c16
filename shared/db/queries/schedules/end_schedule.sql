-- Ends the schedule of a step; one of a workflow stays, and is told by its id all the same.
-- Zero rows: there is no such schedule; see find_schedule.sql.
WITH found AS (
    SELECT s.id, s.step_id, s.workflow_id
    FROM schedules AS s
    WHERE s.id = $1 AND (s.step_id IS NOT NULL OR s.paused_at IS NOT NULL OR NOT s.is_resting)
),
over AS (
    DELETE FROM schedules AS s USING found AS f WHERE s.id = f.id AND f.step_id IS NOT NULL
)
SELECT f.step_id IS NOT NULL AS has_ended, f.workflow_id FROM found AS f
