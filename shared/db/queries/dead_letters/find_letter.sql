-- A letter of an environment, without what its record held.
-- Zero rows: there is none, or it was tried again or discarded.
SELECT d.id, d.environment_id, d.at, d.reason, d.detail, d.pointer, d.topic, d.partition,
    d.record_offset, d.value_bytes, d.is_whole
FROM dead_letters AS d
WHERE d.environment_id = $1
    AND d.id = $2
