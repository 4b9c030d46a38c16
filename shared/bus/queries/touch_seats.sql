-- Keeps the seats of sessions $3, members $2 of groups $1; one that is lost has no row. With a mark of
-- who sits in the group, who is silent for $4, and who owns what; and how much came to its topics.
UPDATE bus_members AS me SET seen_at = clock_timestamp()
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS kept (group_name, member, session)
WHERE (me.group_name, me.member, me.session) = (kept.group_name, kept.member, kept.session)
RETURNING
    me.session,
    md5(
        (
            SELECT jsonb_agg(
                jsonb_build_array(
                    m.session,
                    m.topics,
                    abs(extract(epoch FROM clock_timestamp() - m.seen_at)) > $4::float8
                )
                ORDER BY m.member
            )::text
            FROM bus_members AS m
            WHERE m.group_name = me.group_name
        )
        || (
            SELECT coalesce(
                jsonb_agg(
                    jsonb_build_array(p.topic_id, p.partition, p.session)
                    ORDER BY p.topic_id, p.partition
                ),
                '[]'
            )::text
            FROM bus_positions AS p
            WHERE p.group_name = me.group_name
        )
    ) AS group_mark,
    (
        SELECT sum(p.next_offset)::bigint
        FROM bus_topics AS t JOIN bus_partitions AS p USING (topic_id)
        WHERE t.name = ANY (me.topics)
    ) AS records
