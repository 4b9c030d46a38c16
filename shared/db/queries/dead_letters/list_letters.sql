-- An environment's letters, the latest first, before a place, without what their records held; each
-- filter that is null lets all by.
-- Zero rows: no more.
SELECT d.id, d.environment_id, d.at, d.reason, d.detail, d.pointer, d.topic, d.partition,
    d.record_offset, d.value_bytes, d.is_whole
FROM dead_letters AS d
WHERE d.environment_id = $1
    AND ($2::text IS NULL OR d.reason = $2)
    AND ($3::text IS NULL OR d.topic = $3)
    AND ($4::timestamptz IS NULL OR d.at >= $4)
    AND ($5::timestamptz IS NULL OR d.at < $5)
    AND ($6::timestamptz IS NULL OR (d.at, d.id) < ($6, $7::uuid))
ORDER BY d.at DESC, d.id DESC
LIMIT $8
