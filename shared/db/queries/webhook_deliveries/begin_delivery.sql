-- Begins a delivery anew, due at once; an attempt that is under way counts no more, as if another
-- had claimed it.
-- Zero rows: there is no such delivery of the subscription.
UPDATE webhook_deliveries
SET status = 'PENDING', next_at = CASE WHEN next_at IS NULL THEN $3 ELSE least(next_at, $3) END,
    claims = claims + 1, tries = 0, ended_at = NULL
WHERE subscription_id = $1 AND id = $2
RETURNING id
