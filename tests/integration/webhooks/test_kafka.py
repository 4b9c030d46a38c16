"""The same over Kafka: read again by another member, nothing is told twice."""

import asyncio
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from shared.runtime.roles import duty
from tests.integration.webhooks.stage import open_hooks, phase, publish, role, subscribe
from tests.support.kafka import KAFKA_MARKS, own_topics
from tests.support.works import open_works, until

pytestmark = [*KAFKA_MARKS, pytest.mark.timeout(180)]

DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"


async def test_two_members_share_the_partitions(database: str, kafka: str) -> None:
    """Each record is told once, of whichever partition; an end hands over what was not read."""
    async with (
        open_hooks() as hooks,
        open_works(database, **own_topics(kafka, partitions=4)) as works,
    ):
        await subscribe(works.pool, hooks.url)
        stops = [asyncio.Event(), asyncio.Event()]
        platforms = [
            replace(works.platform, registry=CollectorRegistry(), member=f"member-{n}")
            for n in range(2)
        ]
        async with asyncio.TaskGroup() as group:
            for platform, stop in zip(platforms, stops, strict=True):
                group.create_task(duty(role(platform)(stop)))
            records = [phase() for _ in range(40)]
            await publish(works, *records)
            await until(works.pool, DELIVERED, 40, within_s=60)
            stops[0].set()
            await publish(works, *records, *(phase() for _ in range(10)))
            await until(works.pool, DELIVERED, 50, within_s=60)
            stops[1].set()
        assert len(hooks.got) == 50
        assert len({one.id for one in hooks.got}) == 50
