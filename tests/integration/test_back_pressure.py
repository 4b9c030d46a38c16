"""Ingest takes no more than the executors keep up with; the rest waits where it came from."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.settings import IngestSettings
from services.trigger_ingest.window import STANDSTILL_S, Windowed
from shared.assembly.platform import open_platform
from shared.bus.protocol import Bus, Received, Record, TopicPartition
from shared.runtime.clock import SystemClock
from shared.runtime.roles import run_roles
from tests.support.bus import new_group, new_topic, next_positions, numbered, values
from tests.support.house import House, count, open_house, settings_of
from tests.support.works import until, workflow


class Ahead(SystemClock):
    """A stopwatch that a test can put forward."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


async def test_no_more_is_handed_out_than_may_be_on_its_way(bus: Bus) -> None:
    """What is in hand counts until it is committed, what was passed on until it is taken up."""
    topic, elsewhere, clock = await new_topic(bus, partitions=1), [0], Ahead()
    await bus.publish(numbered(topic, 100))
    found: list[Received] = []

    async def on_their_way() -> int:
        return elsewhere[0]

    async with bus.subscribe([topic], group=new_group()) as subscription:
        windowed = Windowed(
            subscription,
            on_their_way,
            most=24,
            metrics=IngestMetrics(CollectorRegistry()),
            clock=clock,
        )

        async def take(tries: int) -> int:
            before = len(found)
            for _ in range(tries):
                for records in (await windowed.fetch(max_records=8, wait_s=0.3)).values():
                    found.extend(records)
            return len(found) - before

        async with asyncio.timeout(20):
            while len(found) < 24:
                await take(1)
        assert await take(3) == 0
        await windowed.commit(next_positions(found))
        elsewhere[0] = 16
        assert await take(3) == 8
        await windowed.commit(next_positions(found))
        elsewhere[0] = 24
        assert await take(3) == 0
        clock.ahead_s += STANDSTILL_S
        assert await take(3) == 6
        assert values(found) == [b"%d" % n for n in range(38)]


async def test_the_ends_of_topics_are_known_that_nobody_subscribed_to(bus: Bus) -> None:
    """They are what the next record gets, in each partition that was asked for."""
    topic, other = await new_topic(bus, partitions=1), await new_topic(bus, partitions=3)
    await bus.publish(numbered(other, 3, partition=2))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        asked = [TopicPartition(other, partition) for partition in (0, 2)]
        assert await subscription.ends(asked) == {asked[0]: 0, asked[1]: 3}


async def test_without_executors_events_wait_at_the_source_and_then_all_are_executed(
    database: str,
) -> None:
    """Far fewer are taken in than came; none is lost, and none is executed twice."""
    async with _without_executors(database, in_flight_max=20) as house:
        flow = workflow({"id": "note", "action": "transform", "input": {"src": "done"}})
        await house.register(flow)
        pool, topic = house.platform.pool, house.platform.topics.sources[0]
        await house.platform.bus.publish(
            [Record(topic=topic, key=None, value=b'{"event": "go"}') for _ in range(300)]
        )
        await until(pool, "SELECT count(*) >= 20 FROM events")
        await asyncio.sleep(0.5)  # a moment in which all of them could come
        assert await count(pool, "events") <= 200
    async with open_house(database, in_flight_max=20) as house:
        await until(house.platform.pool, "SELECT count(*) FROM executions", 300, within_s=30)
        await until(
            house.platform.pool,
            "SELECT count(*) FROM executions WHERE status = 'COMPLETED'",
            300,
            within_s=30,
        )


@asynccontextmanager
async def _without_executors(dsn: str, **more: int) -> AsyncIterator[House]:
    """Ingest and matcher alone."""
    given = settings_of(dsn, **more)
    kept, stop = IngestSettings(**given), asyncio.Event()
    async with open_platform(kept) as platform, asyncio.TaskGroup() as group:
        roles = {
            "trigger-ingest": trigger_ingest(platform, kept),
            "matcher": matcher(platform, MatcherSettings(**given)),
        }
        group.create_task(run_roles(roles, platform.health, stop=stop, stop_within_s=10))
        yield House(platform)
        stop.set()
