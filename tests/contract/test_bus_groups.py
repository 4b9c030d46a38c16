"""What both buses promise of consumer groups."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import pytest

from shared.bus.protocol import Bus, Record, Subscription, TopicPartition
from tests.support.bus import (
    PATIENT_S,
    WITHIN_S,
    Diary,
    OpenBus,
    all_assigned,
    new_group,
    new_topic,
    next_positions,
    numbered,
    quiet,
    read,
    values,
)
from tests.support.eventually import eventually


async def test_uncommitted_is_read_again(bus: Bus, topic: str) -> None:
    """A crash between handling and commit: the next member reads on from the committed position.

    It reads the same records, and they were published at the same times.
    """
    await bus.publish(numbered(topic, 10))
    group = new_group()
    async with bus.subscribe([topic], group=group) as subscription:
        found = await read(subscription, 10)
        await subscription.commit(next_positions(found[:4]))
    async with bus.subscribe([topic], group=group) as subscription:
        again = await read(subscription, 6)
        assert values(again) == [b"4", b"5", b"6", b"7", b"8", b"9"]
        assert again == found[4:]


async def test_groups_are_independent(bus: Bus, topic: str) -> None:
    """Each group reads everything, whatever another has committed."""
    await bus.publish(numbered(topic, 3))
    for _ in range(2):
        async with bus.subscribe([topic], group=new_group()) as subscription:
            found = await read(subscription, 3)
            assert values(found) == [b"0", b"1", b"2"]
            await subscription.commit(next_positions(found))


async def test_assignee_names_the_position(bus: Bus, topic: str) -> None:
    """Reading starts where the assignee says, and else where the group committed."""
    group = new_group()
    await bus.publish(numbered(topic, 10, partition=0) + numbered(topic, 10, partition=1))
    async with bus.subscribe([topic], group=group) as subscription:
        await subscription.commit(next_positions((await read(subscription, 20))[:0]))
        await subscription.commit({TopicPartition(topic, 0): 9, TopicPartition(topic, 1): 9})
    diary = Diary({TopicPartition(topic, 0): 7})
    async with bus.subscribe([topic], group=group, assignee=diary) as subscription:
        found = await read(subscription, 4)
    assert {r.offset for r in found if r.partition == 0} == {7, 8, 9}
    assert {r.offset for r in found if r.partition == 1} == {9}


async def test_nothing_before_assigned_returns(bus: Bus, topic: str) -> None:
    """No record is delivered while the assignee still takes over, and none is lost by that."""
    release = asyncio.Event()
    entered = asyncio.Event()

    class Slow(Diary):
        async def assigned(
            self, partitions: Sequence[TopicPartition]
        ) -> Mapping[TopicPartition, int]:
            entered.set()
            await release.wait()
            return await super().assigned(partitions)

    await bus.publish(numbered(topic, 3))
    async with bus.subscribe([topic], group=new_group(), assignee=Slow()) as subscription:
        await asyncio.wait_for(entered.wait(), WITHIN_S)
        assert subscription.assignment() == frozenset()
        assert await quiet(subscription, for_s=0.4)
        release.set()
        assert values(await read(subscription, 3)) == [b"0", b"1", b"2"]


async def test_error_of_the_assignee(bus: Bus, topic: str) -> None:
    """What the assignee raises on taking over is raised by fetch, this time and ever after."""

    class Failing(Diary):
        async def assigned(
            self, partitions: Sequence[TopicPartition]
        ) -> Mapping[TopicPartition, int]:
            raise ZeroDivisionError(partitions)

    await bus.publish(numbered(topic, 3))
    async with bus.subscribe([topic], group=new_group(), assignee=Failing()) as subscription:
        with pytest.raises(ZeroDivisionError):
            await read(subscription, 1)
        with pytest.raises(ZeroDivisionError):
            await subscription.fetch(max_records=1, wait_s=0)


async def test_error_of_the_body(bus: Bus, topic: str) -> None:
    """An error inside the subscription's block leaves it as it is, and the assignee gives up."""
    diary = Diary()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is what is tested
        async with bus.subscribe([topic], group=new_group(), assignee=diary) as subscription:
            await all_assigned(subscription, 4)
            raise ZeroDivisionError
    assert diary.owned == set()


async def test_members_share(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """Members of a group have disjoint partitions that are all of them, and read only their own."""
    group = new_group()
    async with (
        open_bus() as other,
        bus.subscribe([topic], group=group) as one,
        other.subscribe([topic], group=group) as two,
    ):
        await eventually(lambda: len(one.assignment()) == len(two.assignment()) == 2)
        assert not one.assignment() & two.assignment()
        await bus.publish([r for n in range(4) for r in numbered(topic, 5, partition=n)])
        for member in (one, two):
            found = await read(member, 10)
            assert {TopicPartition(topic, r.partition) for r in found} == member.assignment()


async def test_partitions_change_hands_orderly(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """A partition changes hands only after ``revoked`` returned, and commits made in it count."""
    group = new_group()
    one_diary, two_diary = Diary(), Diary()
    overlap: list[set[TopicPartition]] = []
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(
            bus.subscribe([topic], group=group, assignee=one_diary)
        )
        await bus.publish([r for n in range(4) for r in numbered(topic, 5, partition=n)])
        found = await read(one, 20)

        async def finish(_: Sequence[TopicPartition]) -> None:
            await asyncio.sleep(0.3)  # work that takes its time
            overlap.append(one_diary.owned & two_diary.owned)
            await one.commit(next_positions(found))

        one_diary.before_revoked = finish
        other = await stack.enter_async_context(open_bus())
        two = await stack.enter_async_context(
            other.subscribe([topic], group=group, assignee=two_diary)
        )
        await eventually(lambda: len(one.assignment()) == len(two.assignment()) == 2)
        assert overlap == [set()]
        assert not one_diary.owned & two_diary.owned
        assert await quiet(two, for_s=0.4)
        one_diary.before_revoked = None


async def test_nothing_is_lost_in_rebalances(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """Members come and go while records flow: each is handled at least once, in order per owner."""
    group = new_group()
    handled: Counter[int] = Counter()

    async def work(subscription: Subscription) -> None:
        while True:
            for at, records in (await subscription.fetch(max_records=50, wait_s=0.2)).items():
                assert [r.offset for r in records] == list(
                    range(records[0].offset, records[0].offset + len(records))
                )
                handled.update(int(r.value or b"") for r in records)
                await subscription.commit({at: records[-1].offset + 1})

    async def member(bus: Bus, *, lives_s: float) -> None:
        async with bus.subscribe([topic], group=group, assignee=Diary()) as subscription:
            try:
                async with asyncio.timeout(lives_s):
                    await work(subscription)
            except TimeoutError:
                pass

    async def produce() -> None:
        for n in range(150):
            await bus.publish(
                [
                    Record(topic=topic, key=b"%d" % m, value=b"%d" % m)
                    for m in range(10 * n, 10 * n + 10)
                ]
            )
            await asyncio.sleep(0.02)

    async with open_bus() as other, asyncio.TaskGroup() as tasks:
        steady = tasks.create_task(member(bus, lives_s=WITHIN_S))
        tasks.create_task(produce())
        tasks.create_task(member(other, lives_s=2.0))
        await eventually(lambda: set(handled) == set(range(1500)), within_s=WITHIN_S)
        steady.cancel()
    assert set(handled) == set(range(1500))
    assert handled.total() < 2 * 1500


async def test_named_member_returns(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """A member that returns under its name gets its partitions back, and no one else had them."""
    group = new_group()
    async with open_bus() as other, bus.subscribe([topic], group=group, member="a") as one:
        async with other.subscribe([topic], group=group, member="b") as two:
            await eventually(lambda: len(one.assignment()) == len(two.assignment()) == 2)
            before = two.assignment()
        assert not one.assignment() & before
        async with other.subscribe([topic], group=group, member="b") as two:
            await all_assigned(two, 2)
            assert two.assignment() == before


async def test_stale_commit_is_dropped(bus: Bus, open_bus: OpenBus) -> None:
    """A commit of a partition that another member owns by now changes nothing and is no error."""
    topic = await new_topic(bus, partitions=2)
    group = new_group()
    await bus.publish(numbered(topic, 5, partition=0) + numbered(topic, 5, partition=1))
    async with open_bus() as other, bus.subscribe([topic], group=group) as one:
        found = await read(one, 10)
        async with other.subscribe([topic], group=group) as two:
            await eventually(lambda: len(one.assignment()) == len(two.assignment()) == 1)
            await one.commit(next_positions(found))
            [kept] = one.assignment()
    async with bus.subscribe([topic], group=group) as three:
        found = await read(three, 5)
        assert {TopicPartition(topic, r.partition) for r in found}.isdisjoint({kept})
        assert await quiet(three, for_s=0.3)


async def test_lag(bus: Bus, topic: str) -> None:
    """Lag counts, per owned partition, what was published and not fetched."""
    await bus.publish(numbered(topic, 7, partition=2))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        await all_assigned(subscription, 4)
        assert await subscription.lag() == {
            TopicPartition(topic, n): 7 if n == 2 else 0 for n in range(4)
        }
        found = await subscription.fetch(max_records=3, wait_s=WITHIN_S)
        assert sum(map(len, found.values())) == 3
        assert (await subscription.lag())[TopicPartition(topic, 2)] == 4


async def test_fetch_is_bounded(bus: Bus, topic: str) -> None:
    """A fetch returns no more records than asked for, over all partitions, and starves none."""
    await bus.publish([r for n in range(4) for r in numbered(topic, 50, partition=n)])
    seen: Counter[int] = Counter()
    async with bus.subscribe([topic], group=new_group()) as subscription:
        while seen.total() < 200:
            found = await subscription.fetch(max_records=7, wait_s=WITHIN_S)
            count = sum(map(len, found.values()))
            assert 0 < count <= 7
            seen.update({at.partition: len(records) for at, records in found.items()})
    assert seen == dict.fromkeys(range(4), 50)


async def test_fetch_wakes(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """A waiting fetch returns soon after any process published, not at the next look."""
    async with (
        open_bus() as other,
        bus.subscribe([topic], group=new_group()) as subscription,
    ):
        await all_assigned(subscription, 4)
        await other.publish(numbered(topic, 1))
        await read(subscription, 1)
        async with asyncio.timeout(PATIENT_S):  # the local bus looks every half of that
            for publisher in (bus, other) * 4:
                async with asyncio.TaskGroup() as tasks:
                    waiting = tasks.create_task(subscription.fetch(max_records=1, wait_s=30))
                    await asyncio.sleep(0.05)  # by then it waits
                    await publisher.publish(numbered(topic, 1))
                assert waiting.result()
