"""What both buses tell of what a topic holds, outside any group."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.bus.protocol import Bus, Extent, TopicPartition
from shared.domain.errors import Rejected
from tests.support.bus import new_group, numbered, read

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_extents(bus: Bus, topic: str) -> None:
    """Each partition tells its first offset, its next one, and where a time begins."""
    empty = Extent(first=0, since=0, next=0)
    places = [TopicPartition(topic, n) for n in range(4)]
    assert await bus.extents(topic, LONG_AGO) == dict.fromkeys(places, empty)
    await bus.publish(numbered(topic, 3))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        last_at = (await read(subscription, 3))[-1].published_at
    await bus.publish(numbered(topic, 2, partition=1))
    whole = await bus.extents(topic, LONG_AGO)
    assert whole[places[0]] == Extent(first=0, since=0, next=3)
    assert whole[places[1]] == Extent(first=0, since=0, next=2)
    assert whole[places[2]] == empty
    later = await bus.extents(topic, last_at + timedelta(milliseconds=1))
    assert later[places[0]] == Extent(first=0, since=3, next=3)
    with pytest.raises(Rejected):
        await bus.extents(f"{topic}.nowhere", LONG_AGO)


async def test_committed(bus: Bus, topic: str) -> None:
    """A group's positions are told as they were committed; of others, and before, nothing is."""
    group, at = new_group(), TopicPartition(topic, 0)
    await bus.publish(numbered(topic, 3))
    assert await bus.committed(topic, group) == {}
    async with bus.subscribe([topic], group=group) as subscription:
        await read(subscription, 3)
        await subscription.commit({at: 2})
        assert await bus.committed(topic, group) == {at: 2}
    assert await bus.committed(topic, new_group()) == {}


async def test_history(bus: Bus, topic: str) -> None:
    """The records at the offsets asked for come in order, and reading ends after the last."""
    for partition in (0, 1):
        await bus.publish(numbered(topic, 1_500, partition=partition))
    first, second, third = (TopicPartition(topic, n) for n in range(3))
    ranges = {first: range(200, 1_400), second: range(1_499, 1_500), third: range(0)}
    async with bus.history(ranges) as records:
        found = [(r.partition, r.offset, r.value) async for r in records]
    assert [x for x in found if x[0] == 0] == [(0, n, str(n).encode()) for n in range(200, 1_400)]
    assert [x for x in found if x[0] != 0] == [(1, 1_499, b"1499")]
    async with bus.history({}) as records:
        assert [r async for r in records] == []
