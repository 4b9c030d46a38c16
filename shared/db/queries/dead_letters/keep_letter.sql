-- Keeps a letter; the same one again changes nothing.
-- No row comes back.
INSERT INTO dead_letters (
    id, environment_id, at, reason, detail, pointer, topic, partition, record_offset, key, value,
    value_bytes, header_names, header_values, is_whole
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (id) DO NOTHING
