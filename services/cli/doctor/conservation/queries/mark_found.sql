-- Notes that a record was found, its offset, and whether its bytes are others than they must be.
-- No row changed: it was not noted as wanted.
UPDATE wanted
SET copies = copies + 1,
    partition = coalesce(partition, ?1),
    place = min(coalesce(place, ?2), ?2),
    differs = max(differs, digest IS NOT NULL AND ?3 NOT IN (digest, coalesce(cut, digest)))
WHERE topic = ?4 AND id = ?5
