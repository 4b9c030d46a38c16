"""What people do to an installation while it runs."""

import asyncio
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from shared.wire.topics import Topics
from tests.chaos.faults import Done, Moment, roll
from tests.chaos.server_faults import apart

_LATER: Final = 9_000
"""Revisions from here on are of releases to come."""

_TRIES: Final = 20
_LOCK_WAIT: Final = "SET LOCAL lock_timeout = '2s'"
_USED: Final = ("executions", "execution_log", "events", "event_keys", "waits", "partition_owners")
_ADDITIONS: Final = (
    "ALTER TABLE {table} ADD COLUMN later_{number} text",
    "ALTER TABLE {table} ADD COLUMN later_{number} integer NOT NULL DEFAULT 7",
    "CREATE TABLE later_{number} (id bigint PRIMARY KEY, said text NOT NULL)",
    "CREATE INDEX later_{number} ON {table} ({column})",
)
_COLUMNS: Final = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
        AND atttypid <> 'json'::regtype
    ORDER BY attnum
"""
_NOTED: Final = """
    INSERT INTO schema_history.migrations (from_revision, to_revision)
    SELECT max(to_revision), greatest(max(to_revision)::int + 1, $1)::text
    FROM schema_history.migrations
"""


async def migrate_schema(at: Moment) -> Done:
    """The next release's migration, which only adds, beside processes of this one (F18)."""
    number, table = at.chance.getrandbits(40), at.chance.choice(_USED)
    addition = at.chance.choice(_ADDITIONS)
    async with apart(at) as conn:
        columns = [row["attname"] for row in await conn.fetch(_COLUMNS, table, timeout=5)]
        column = at.chance.choice(columns)
        statement = addition.format(table=table, number=number, column=column)
        for tried in range(1, _TRIES + 1):
            try:
                async with conn.transaction():
                    await conn.execute(_LOCK_WAIT)
                    await conn.execute(statement, timeout=10)
                    await conn.execute(_NOTED, _LATER, timeout=5)
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(at.chance.random())
            else:
                return {"statement": statement, "tries": tried}
    raise TimeoutError(statement)


async def add_partitions(at: Moment) -> Done:
    """A topic is given more partitions, and every process is replaced (F23)."""
    topics = Topics()
    topic = at.chance.choice((*topics.sources, topics.triggers, topics.commands))
    admin = AIOKafkaAdminClient(bootstrap_servers=at.stage.servers.bootstrap)
    await admin.start()
    try:
        [about] = await admin.describe_topics([topic])
        count = len(about["partitions"]) + at.chance.randint(1, 2)
        await admin.create_partitions({topic: NewPartitions(count)})
    finally:
        await admin.close()
    await roll(at)
    return {"topic": topic, "partitions": count}
