-- Lets those run that have waited longest, as far as there is room beside those that run already. Nobody
-- overtakes: one whose version lets more run at a time has no more room than those before it.
-- The executions that may run from now on; zero rows: there is no room, or nobody waits.
UPDATE turns AS t
SET granted_at = $3
FROM (
    SELECT f.execution_id, row_number() OVER came AS nth, min(f.most) OVER came AS most
    FROM (
        SELECT execution_id, most, place
        FROM turns
        WHERE workflow_id = $1 AND key = $2 AND granted_at IS NULL
        ORDER BY place
        LIMIT 1000
    ) AS f
    WINDOW came AS (ORDER BY f.place)
) AS w
WHERE t.execution_id = w.execution_id
    AND w.nth <= w.most - (
        SELECT count(*) FROM turns AS g
        WHERE g.workflow_id = $1 AND g.key = $2 AND g.granted_at IS NOT NULL
    )
RETURNING t.execution_id
