-- How many secrets of all environments, of what they sign by, and addresses are under each key.
-- Zero rows: there is no secret.
SELECT a.key_id, sum(a.secrets)::bigint AS secrets
FROM (
    SELECT s.key_id, count(*) AS secrets FROM secrets AS s GROUP BY s.key_id
    UNION ALL
    SELECT k.key_id, count(*) AS secrets FROM signing_secrets AS k GROUP BY k.key_id
    UNION ALL
    SELECT t.key_id, count(*) AS secrets FROM altostrat_addresses AS t GROUP BY t.key_id
) AS a
GROUP BY a.key_id
ORDER BY a.key_id
LIMIT $1
