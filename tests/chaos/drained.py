"""What is left to do on a stage, as its servers know it."""

from typing import Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from shared.wire.topics import Topics
from tests.chaos.server_faults import GONE
from tests.chaos.servers import Servers

_COUNTS: Final = """
SELECT (SELECT count(*) FROM executions WHERE finished_at IS NULL) AS executions,
    (SELECT count(*) FROM inbox) AS inbox,
    (SELECT count(*) FROM waits) AS waits,
    (SELECT count(*) FROM late_events) AS late_events,
    (SELECT count(*) FROM schedules) AS schedules,
    (SELECT count(*) FROM webhook_deliveries WHERE next_at IS NOT NULL) AS deliveries,
    (SELECT coalesce(sum(written_seq - emitted_seq), 0) FROM partition_owners) AS unpublished
"""


async def left_to_do(servers: Servers) -> dict[str, int]:
    """Executions, commands, waits, results and records that nobody is through with; none: empty.

    A server that does not answer is something left to do as well.
    """
    try:
        conn = await asyncpg.connect(servers.postgres.direct_dsn, timeout=5)
        try:
            found = dict(await conn.fetchrow(_COUNTS, timeout=20) or {})
            owners = await conn.fetch("SELECT partition, consumed_offset FROM partition_owners")
        finally:
            conn.terminate()
        consumed = {row["partition"]: row["consumed_offset"] for row in owners}
        found |= await _lag(servers.bootstrap, consumed)
    except (*GONE, KafkaError) as error:
        return {repr(error): 1}
    return {name: int(value) for name, value in found.items() if value}


async def _lag(bootstrap: str, consumed: dict[int, int]) -> dict[str, int]:
    topics = Topics()
    readers = {
        topics.sources[0]: "trigger-ingest",
        topics.triggers: "matcher",
        topics.step_results: "webhooks",
        topics.executions: "webhooks",
    }
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(*readers, topics.commands, bootstrap_servers=bootstrap)
    await admin.start()
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        lag = dict.fromkeys((*readers, topics.commands), 0)
        positions: dict[TopicPartition, OffsetAndMetadata] = {}
        for role in readers.values():
            positions |= await admin.list_consumer_group_offsets(topics.group(role))
        for place, end in ends.items():
            if place.topic == topics.commands:
                lag[place.topic] += end - consumed.get(place.partition, 0)
            else:
                known = positions.get(place)
                lag[place.topic] += end - (known.offset if known else 0)
    finally:
        await consumer.stop()
        await admin.close()
    return lag
