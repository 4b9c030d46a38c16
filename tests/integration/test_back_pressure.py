"""Ingest takes no more than the executors keep up with; the rest waits where it came from."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest import window
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.settings import IngestSettings
from services.trigger_ingest.window import Windowed
from shared.assembly.platform import open_platform
from shared.bus.beside import beside
from shared.bus.protocol import Bus, Received, Record, TopicPartition
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.roles import run_roles
from tests.support.bus import new_group, new_topic, next_positions, numbered, values
from tests.support.house import House, count, open_house, settings_of
from tests.support.works import until, workflow

FAR_S = 1_000.0
"""Longer than any test takes."""


class Ahead(SystemClock):
    """A stopwatch that a test can put forward."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


async def test_no_more_is_handed_out_than_may_be_on_its_way(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in hand counts until it is committed, what was passed on until it is taken up."""
    monkeypatch.setattr(window, "STANDSTILL_S", FAR_S)
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
            metrics=IngestMetrics(CollectorRegistry(), EnvironmentNames()),
            clock=clock,
        )

        async def take(total: int) -> None:
            tries = 3  # after which nothing more is handed out
            while len(found) < total or (tries := tries - 1) >= 0:
                for records in (await windowed.fetch(max_records=8, wait_s=0.3)).values():
                    found.extend(records)
            assert len(found) == total

        async with asyncio.timeout(60), beside(windowed.keep()):
            await take(24)
            await windowed.commit(next_positions(found))
            elsewhere[0] = 16
            await take(32)
            await windowed.commit(next_positions(found))
            elsewhere[0] = 24
            await take(32)
            clock.ahead_s += FAR_S
            await take(38)
            assert values(found) == [b"%d" % n for n in range(38)]


async def test_nothing_waits_to_be_counted_while_there_is_room(bus: Bus) -> None:
    """What is on its way is counted as soon as half of the room is gone, beside what goes on."""
    topic, counting, go_on = await new_topic(bus, partitions=1), asyncio.Event(), asyncio.Event()
    await bus.publish(numbered(topic, 24))

    async def on_their_way() -> int:
        counting.set()
        await go_on.wait()
        return 0

    async with bus.subscribe([topic], group=new_group()) as subscription:
        windowed = Windowed(
            subscription,
            on_their_way,
            most=16,
            metrics=IngestMetrics(CollectorRegistry(), EnvironmentNames()),
            clock=SystemClock(),
        )
        async with asyncio.timeout(60), beside(windowed.keep()):
            found = await take_up_to(windowed, 4)
            await windowed.commit(next_positions(found))
            found += await take_up_to(windowed, 4)
            await counting.wait()
            found += await take_up_to(windowed, 8)
            go_on.set()
            # What was handed out while it was counted takes up room as well.
            found += await take_up_to(windowed, 4)
            assert not await windowed.fetch(max_records=4, wait_s=0.3)
            await windowed.commit(next_positions(found))
            found += await take_up_to(windowed, 4)
    assert values(found) == [b"%d" % n for n in range(24)]


async def take_up_to(windowed: Windowed, count: int) -> list[Received]:
    """The next ``count`` records, a few at a time."""
    found: list[Received] = []
    while len(found) < count:
        for records in (await windowed.fetch(max_records=4, wait_s=1)).values():
            found += records
    return found


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
        await until(house.platform.pool, "SELECT count(*) FROM executions", 300)
        await until(
            house.platform.pool,
            "SELECT count(*) FROM executions WHERE status = 'COMPLETED'",
            300,
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
