"""What reading batch by batch promises, over both buses."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from shared.bus.protocol import Bus, Received, Subscription, TopicPartition
from shared.bus.relay import COMMIT_PAUSE_S, relay
from shared.domain.errors import Unavailable
from tests.support.bus import (
    WITHIN_S,
    OpenBus,
    all_assigned,
    new_group,
    numbered,
    read,
    values,
)
from tests.support.eventually import eventually

FOR_EVER_S = 600.0

Values = list[bytes | None]
Work = Callable[[Values], Awaitable[None]]


class Watched:
    """A subscription; counts what was fetched of it, and keeps what was to be committed."""

    def __init__(
        self, subscription: Subscription, stop: asyncio.Event, *, stop_after: int = 1_000
    ) -> None:
        """``stop`` is set when so many records were fetched."""
        self._subscription = subscription
        self._stop = stop
        self._stop_after = stop_after
        self.fetched = 0
        self.commits: list[Mapping[TopicPartition, int]] = []

    async def fetch(
        self, *, max_records: int, wait_s: float
    ) -> Mapping[TopicPartition, Sequence[Received]]:
        """Count them."""
        found = await self._subscription.fetch(max_records=max_records, wait_s=wait_s)
        self.fetched += sum(map(len, found.values()))
        if self.fetched >= self._stop_after:
            self._stop.set()
        return found

    async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Write it down, and do it."""
        self.commits.append(positions)
        await self._subscription.commit(positions)


async def relaying(
    subscription: Subscription | Watched,
    stop: asyncio.Event,
    work: Work,
    *,
    records_max: int = 2,
    wait_s: float = 0.1,
) -> None:
    """Have ``work`` see to the records' values."""

    async def take(records: Sequence[Received]) -> None:
        await work(values(records))

    await relay(subscription, stop, take, records_max=records_max, wait_s=wait_s)


class Gate:
    """Work that writes down what came, and is through with it once ``open`` is set."""

    def __init__(self) -> None:
        self.came: Values = []
        self.open = asyncio.Event()

    async def pass_on(self, batch: Values) -> None:
        """Write it down, and wait."""
        self.came += batch
        await self.open.wait()


async def committed(bus: Bus, topic: str, group: str) -> Mapping[int, int]:
    """The group's positions by partition."""
    return {at.partition: to for at, to in (await bus.committed(topic, group)).items()}


async def settled(bus: Bus, topic: str, group: str, positions: Mapping[int, int]) -> None:
    """Return when the group has committed ``positions``; fails after a minute."""
    async with asyncio.timeout(WITHIN_S):
        while await committed(bus, topic, group) != positions:
            await asyncio.sleep(0.02)


async def test_no_position_is_ahead_of_the_work_and_none_stays_behind(bus: Bus, topic: str) -> None:
    """While a batch is being worked on only what is before it is committed, at the end it too."""
    group, stop, came = new_group(), asyncio.Event(), Values()
    await bus.publish(numbered(topic, 8))

    async def work(batch: Values) -> None:
        assert all(to <= len(came) for positions in watched.commits for to in positions.values())
        if came:
            # What came before this batch is committed although this one is not done.
            await settled(bus, topic, group, {0: len(came)})
        came.extend(batch)

    async with bus.subscribe([topic], group=group) as subscription:
        watched = Watched(subscription, stop, stop_after=8)
        await relaying(watched, stop, work)
    assert came == [b"%d" % n for n in range(8)]
    assert await committed(bus, topic, group) == {0: 8}


async def test_work_that_fails_ends_it_and_is_read_again(bus: Bus, topic: str) -> None:
    """Nothing behind it is worked on or committed, and the next to read has it all."""
    group, stop, came = new_group(), asyncio.Event(), Values()

    async def fail(batch: Values) -> None:
        if b"4" in batch:
            raise Unavailable("It is away.")
        came.extend(batch)

    await bus.publish(numbered(topic, 30))
    async with bus.subscribe([topic], group=group) as subscription:
        with pytest.raises(Unavailable):
            await relaying(subscription, stop, fail, records_max=1)
    assert came == [b"0", b"1", b"2", b"3"]
    through = (await committed(bus, topic, group)).get(0, 0)
    assert through <= 4
    async with bus.subscribe([topic], group=group) as subscription:
        again = values(await read(subscription, 30 - through))
    assert again == [b"%d" % n for n in range(through, 30)]


async def test_a_commit_that_fails_ends_it(bus: Bus, topic: str) -> None:
    """It is not overlooked, though nobody waits for it."""

    class Uncommitted(Watched):
        async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
            raise Unavailable(f"{positions} cannot be committed.")

    gate, stop = Gate(), asyncio.Event()
    gate.open.set()
    await bus.publish(numbered(topic, 1))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        with pytest.raises(Unavailable):
            await relaying(Uncommitted(subscription, stop), stop, gate.pass_on)


async def test_a_lost_partition_keeps_the_position_of_its_new_owner(
    open_bus: OpenBus, bus: Bus, topic: str
) -> None:
    """Work that was under way when it was lost ends late, and takes nothing back."""
    group, stop, held, free = new_group(), asyncio.Event(), Gate(), Gate()
    free.open.set()
    every = range(4)
    await bus.publish([r for n in every for r in numbered(topic, 5, partition=n)])
    async with (
        open_bus() as other,
        bus.subscribe([topic], group=group) as losing,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(relaying(losing, stop, held.pass_on, records_max=100))
        await eventually(lambda: len(held.came) > 0, within_s=WITHIN_S)
        async with other.subscribe([topic], group=group) as gaining, asyncio.TaskGroup() as more:
            await all_assigned(gaining, 2)
            more.create_task(relaying(gaining, stop, free.pass_on))
            taken = {at.partition for at in gaining.assignment()}
            await bus.publish([r for n in every for r in numbered(topic, 5, partition=n)])
            await settled(bus, topic, group, dict.fromkeys(taken, 10))
            held.open.set()
            await settled(bus, topic, group, dict.fromkeys(every, 10))
            stop.set()
    assert await committed(bus, topic, group) == dict.fromkeys(every, 10)


async def test_one_commit_follows_the_other(bus: Bus, topic: str) -> None:
    """Also at the end: an older position that came last would take back what is done."""
    group, stop, begun = new_group(), asyncio.Event(), asyncio.Event()

    class Slow(Watched):
        under_way = 0

        async def commit(self, positions: Mapping[TopicPartition, int]) -> None:
            assert not self.under_way
            self.under_way += 1
            if not self.commits:
                begun.set()
                for _ in range(100):  # whoever does not wait for this commit comes now
                    await asyncio.sleep(0)
            await super().commit(positions)
            self.under_way -= 1

    async def work(batch: Values) -> None:
        if b"1" in batch:
            await begun.wait()

    await bus.publish(numbered(topic, 2))
    async with bus.subscribe([topic], group=group) as subscription:
        slow = Slow(subscription, stop, stop_after=2)
        await relaying(slow, stop, work, records_max=1)
    assert [list(positions.values()) for positions in slow.commits] == [[1], [2]]
    assert await committed(bus, topic, group) == {0: 2}


async def test_commits_are_few(bus: Bus, topic: str) -> None:
    """What is done while a commit is under way, or just was, is committed together."""
    group, stop, gate = new_group(), asyncio.Event(), Gate()
    gate.open.set()
    await bus.publish(numbered(topic, 100))
    began_s = time.monotonic()
    async with bus.subscribe([topic], group=group) as subscription:
        watched = Watched(subscription, stop, stop_after=100)
        await relaying(watched, stop, gate.pass_on, records_max=1)
    assert len(watched.commits) <= (time.monotonic() - began_s) / COMMIT_PAUSE_S + 2
    assert await committed(bus, topic, group) == {0: 100}


async def test_it_stops_at_once_however_long_it_waits(bus: Bus, topic: str) -> None:
    """Nothing comes any more; what was worked on before is committed all the same."""
    group, stop, gate = new_group(), asyncio.Event(), Gate()
    gate.open.set()
    async with (
        asyncio.timeout(WITHIN_S),
        bus.subscribe([topic], group=group) as subscription,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(relaying(subscription, stop, gate.pass_on, wait_s=FOR_EVER_S))
        await all_assigned(subscription, 4)
        await bus.publish(numbered(topic, 1))
        await settled(bus, topic, group, {0: 1})
        stop.set()


async def test_what_is_stopped_before_it_begins_leaves_nothing_behind(bus: Bus, topic: str) -> None:
    """Nothing is fetched, and no part of it is forgotten before it ran."""
    stop = asyncio.Event()
    stop.set()
    async with bus.subscribe([topic], group=new_group()) as subscription:
        watched = Watched(subscription, stop)
        await relaying(watched, stop, Gate().pass_on)
    gc.collect()  # what was never awaited would say so now
    assert not watched.fetched
