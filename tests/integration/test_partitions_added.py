"""Partitions that are added to ``commands`` later on change nothing: executions stay in reach."""

from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from shared.domain.errors import Conflict
from tests.support.house import settings_of
from tests.support.kafka import own_topics
from tests.support.works import (
    NOTE,
    all_ended,
    cancel,
    caught_up,
    open_works,
    start,
    statuses,
    until,
    workflow,
)

SLEEP = {"id": "sleep", "kind": "sleep", "sleep": {"duration_s": 3_600}}
PARKED = "SELECT count(*) FROM timers"
OWNED = "SELECT count(*) FROM partition_owners"

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


@pytest.fixture
def settings(kafka: str) -> dict[str, Any]:
    """Topics of the test's own, of two partitions."""
    return own_topics(kafka, partitions=2)


async def test_who_starts_anew_finds_executions_where_they_were(
    database: str, settings: dict[str, Any], kafka_admin: AIOKafkaAdminClient
) -> None:
    """Each is told what it is told, new ones run, and nobody owns what was added."""
    async with open_works(database, **settings) as works:
        asleep = await works.register(workflow(SLEEP))
        ids = await start(works, asleep, 20)
        await until(works.pool, PARKED, 20)
        commands = works.platform.topics.commands
    await kafka_admin.create_partitions({commands: NewPartitions(5)})
    async with open_works(database, **settings) as works:
        assert await works.platform.bus.partitions(commands) == 2
        await cancel(works, *ids)
        await start(works, await works.register(workflow(NOTE)), 20)
        await all_ended(works.pool, 40, within_s=60)
        found = await statuses(works.pool)
        assert {found.pop(id_) for id_ in ids} == {"CANCELLED"}
        assert set(found.values()) == {"COMPLETED"}
        await caught_up(works)
        assert await works.pool.fetchval(OWNED) == 2


async def test_another_topic_is_refused(database: str, settings: dict[str, Any]) -> None:
    """One with fewer partitions than executions are spread over cannot be theirs."""
    async with open_platform(ProcessSettings(**settings_of(database, **settings))):
        pass
    other = {**settings, "topic_prefix": f"test-{uuid4().hex[:8]}", "partitions": 1}
    with pytest.raises(Conflict, match="has 1 partitions"):
        async with open_platform(ProcessSettings(**settings_of(database, **other))):
            pass
