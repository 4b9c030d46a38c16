"""A topic is deleted under roles that use it: what is written comes out again, or all stop."""

import asyncio
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus.kafka import KafkaBus
from shared.bus.protocol import TopicPartition
from tests.support.eventually import eventually
from tests.support.kafka import own_topics
from tests.support.works import (
    NOTE,
    Works,
    all_ended,
    caught_up,
    open_works,
    start,
    until,
    workflow,
)

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
FORGOTTEN = "UPDATE partition_owners SET consumed_offset = 0, active_offset = 0"


@pytest.fixture
def settings(kafka: str) -> dict[str, Any]:
    """Topics of the test's own, of one partition."""
    return own_topics(kafka, partitions=1)


async def delete(admin: AIOKafkaAdminClient, topic: str) -> None:
    """Delete a topic, and return when it is gone."""
    await admin.delete_topics([topic])
    async with asyncio.timeout(60):
        while (await admin.describe_topics([topic]))[0]["partitions"]:
            await asyncio.sleep(0.05)


async def results(works: Works) -> set[str]:
    """The executions that the topic of results tells of."""
    bus, topic = works.platform.bus, works.platform.topics.step_results
    place = TopicPartition(topic, 0)
    extent = (await bus.extents(topic, works.platform.clock.now()))[place]
    async with bus.history({place: range(extent.first, extent.next)}) as records:
        return {orjson.loads(r.value or b"")["subject"] async for r in records}


async def test_results_come_out_once_their_topic_is_back(
    database: str,
    settings: dict[str, Any],
    kafka_admin: AIOKafkaAdminClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The role makes it anew by itself; nothing that was written since is missing."""
    async with open_works(database, **settings) as works:
        assert isinstance(works.platform.bus, KafkaBus)
        monkeypatch.setattr(works.platform.bus, "_delivery_s", 2.0)
        flow = await works.register(workflow(NOTE))
        await start(works, flow, 5)
        await all_ended(works.pool, 5)
        await caught_up(works)
        await delete(kafka_admin, works.platform.topics.step_results)
        later = await start(works, flow, 5)
        await all_ended(works.pool, 10)
        await until(
            works.pool,
            "SELECT bool_and(emitted_seq = written_seq) FROM partition_owners",
            within_s=60,
        )
        assert await results(works) >= {str(id_) for id_ in later}


async def test_commands_that_begin_anew_are_not_taken_for_new_ones(
    database: str, settings: dict[str, Any], kafka_admin: AIOKafkaAdminClient
) -> None:
    """Its executors stop and say so; told to forget the old offsets, they go on."""
    async with open_works(database, **settings) as works:
        flow = await works.register(workflow(NOTE))
        await start(works, flow, 5)
        await all_ended(works.pool, 5)
        await caught_up(works)
        commands = works.platform.topics.commands
    await delete(kafka_admin, commands)
    async with open_works(database, **settings) as works:
        health = works.platform.health
        await eventually(lambda: health.is_ready)
        await start(works, flow, 2)
        await eventually(lambda: not health.is_ready)
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 5
        await works.crash()
        await works.pool.execute(FORGOTTEN)
    async with open_works(database, **settings) as works:
        await all_ended(works.pool, 7)
        assert await works.pool.fetchval("SELECT max(consumed_offset) FROM partition_owners") == 2
