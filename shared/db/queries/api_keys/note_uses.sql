-- Notes when keys were last used, where what is noted is older by a minute or more.
-- No row comes back.
UPDATE api_keys AS k
SET last_used_at = u.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at)
WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at <= u.at - interval '1 minute')
