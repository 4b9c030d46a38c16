"""A bus at rest: it is asked seldom, and what comes is there at once all the same.

The waits that must not hold anything up are made far longer here than the tests are patient.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
import pytest_asyncio

from shared.bus import kafka_subscription
from shared.bus.kafka import open_kafka_bus
from shared.bus.local import LocalBus, open_local_bus
from shared.bus.protocol import Bus, Subscription, TopicPartition
from shared.db.pool import Pool
from shared.runtime.clock import SystemClock
from tests.support.bus import (
    SESSION_TIMEOUT_S,
    WITHIN_S,
    Diary,
    all_assigned,
    kafka_settings,
    new_group,
    new_topic,
    numbered,
    quiet,
    read,
    values,
)

FOR_EVER_S = 600.0


@pytest_asyncio.fixture
async def sleepy(kafka: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    """Kafka, whose members let it wait as long as they can as soon as nothing comes."""
    monkeypatch.setattr(kafka_subscription, "_QUIET_AFTER_S", 0.0)
    monkeypatch.setattr(kafka_subscription, "_QUIET_WAIT_MS", int(FOR_EVER_S * 1000))
    async with open_kafka_bus(kafka_settings(kafka)) as bus:
        yield bus


async def fall_asleep(subscription: Subscription) -> None:
    """Look for records until Kafka has been asked to wait as long as it may."""
    for _ in range(3):
        assert await quiet(subscription, for_s=0.2)


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_kafka_ends_a_long_wait_with_whatever_comes(sleepy: Bus) -> None:
    """However long Kafka was asked to wait: each record after a pause ends it, on any partition."""
    topic = await new_topic(sleepy, partitions=4)
    async with sleepy.subscribe([topic], group=new_group()) as subscription:
        await all_assigned(subscription, 4)
        for at in (0, 3, 3, 1):
            await fall_asleep(subscription)
            for _ in range(2):
                await sleepy.publish(numbered(topic, 1, partition=at))
                assert [r.partition for r in await read(subscription, 1)] == [at]


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_what_is_resumed_waits_for_nobody(sleepy: Bus) -> None:
    """A partition that was paused for long is read at once: nobody waits long for the others."""
    topic = await new_topic(sleepy, partitions=2)
    at = [TopicPartition(topic, 0)]
    async with sleepy.subscribe([topic], group=new_group()) as subscription:
        await all_assigned(subscription, 2)
        await fall_asleep(subscription)
        subscription.pause(at)
        # Ends the long wait that the partition is part of.
        await sleepy.publish(numbered(topic, 1, partition=1))
        await read(subscription, 1)
        await fall_asleep(subscription)
        await sleepy.publish(numbered(topic, 1, partition=0))
        await fall_asleep(subscription)
        subscription.resume(at)
        assert len(await read(subscription, 1)) == 1


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
async def test_what_is_not_taken_yet_waits_for_nobody(sleepy: Bus) -> None:
    """While a member works on what it has read, Kafka is not asked to wait long for the others."""
    topic = await new_topic(sleepy, partitions=2)
    async with sleepy.subscribe([topic], group=new_group()) as subscription:
        await all_assigned(subscription, 2)
        await fall_asleep(subscription)
        await sleepy.publish(numbered(topic, 3, partition=0))
        assert await subscription.fetch(max_records=1, wait_s=WITHIN_S)
        await asyncio.sleep(0.3)  # by then aiokafka asks for the other partition alone
        assert len(await read(subscription, 2)) == 2
        await sleepy.publish(numbered(topic, 1, partition=0))
        assert len(await read(subscription, 1)) == 1


class Slow(Diary):
    """An assignee that takes over when it is let, and may fail at it."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.entered, self.let = asyncio.Event(), asyncio.Event()

    async def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Take over, in the end."""
        self.entered.set()
        await self.let.wait()
        if self.fails:
            raise ZeroDivisionError
        return await super().assigned(partitions)


async def first_fetch(bus: Bus, topic: str, assignee: Slow) -> list[bytes | None]:
    """What a fetch gives that waits already as its member takes its partitions over."""
    async with (
        asyncio.timeout(WITHIN_S),
        bus.subscribe([topic], group=new_group(), assignee=assignee) as subscription,
    ):
        await assignee.entered.wait()
        fetch = asyncio.create_task(subscription.fetch(max_records=10, wait_s=FOR_EVER_S))
        await asyncio.sleep(0.05)  # by then it waits
        assignee.let.set()
        return [value for records in (await fetch).values() for value in values(records)]


async def test_a_fetch_hears_of_partitions_that_come(bus: Bus, topic: str) -> None:
    """A fetch begun before its member owned anything gives the records of what comes to it."""
    await bus.publish(numbered(topic, 3))
    assert await first_fetch(bus, topic, Slow(fails=False)) == [b"0", b"1", b"2"]


async def test_a_fetch_hears_of_a_failure(bus: Bus, topic: str) -> None:
    """What the assignee raises ends the fetch that is under way."""
    with pytest.raises(ZeroDivisionError):
        await first_fetch(bus, topic, Slow(fails=True))


@pytest_asyncio.fixture
async def mute(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalBus]:
    """The local bus in a process whose rings are lost."""
    async with open_local_bus(pool, SystemClock(), session_timeout_s=SESSION_TIMEOUT_S) as bus:
        monkeypatch.setattr(bus.bell, "ring", lambda _: None)
        yield bus


async def test_what_was_not_rung_is_seen(pool: Pool, mute: LocalBus) -> None:
    """Records, members who come and who go are seen with a touch of the seat, at the latest."""
    clock = SystemClock()
    async with open_local_bus(pool, clock, session_timeout_s=SESSION_TIMEOUT_S) as bus:
        topic, group = await new_topic(bus, partitions=2), new_group()
        async with bus.subscribe([topic], group=group) as subscription:
            await all_assigned(subscription, 2)
            assert await quiet(subscription, for_s=SESSION_TIMEOUT_S)
            async with asyncio.timeout(WITHIN_S):
                await mute.publish(numbered(topic, 1))
                assert await subscription.fetch(max_records=9, wait_s=FOR_EVER_S)
            async with mute.subscribe([topic], group=group) as newcomer:
                await all_assigned(newcomer, 1)
                await all_assigned(subscription, 1)
            await all_assigned(subscription, 2)
