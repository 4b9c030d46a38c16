"""What both buses promise of records. Of groups: ``test_bus_groups.py``."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from shared.bus.protocol import Bus, Record, Topic, TopicPartition, partition_of
from shared.domain.errors import Rejected
from tests.support.bus import (
    RECORD_BYTES_MAX,
    WITHIN_S,
    OpenBus,
    new_group,
    new_topic,
    numbered,
    read,
    values,
)


async def test_keys_keep_order(bus: Bus, topic: str) -> None:
    """Records of one key come back in the order published, from the key's partition."""
    keys = [f"k{n % 7}".encode() for n in range(500)]
    await bus.publish(
        [Record(topic=topic, key=key, value=str(n).encode()) for n, key in enumerate(keys)]
    )
    by_key = defaultdict(list)
    async with bus.subscribe([topic], group=new_group()) as subscription:
        for record in await read(subscription, 500):
            assert record.key is not None
            assert record.partition == partition_of(record.key, 4)
            by_key[record.key].append(int(record.value or b""))
    assert by_key == {key: list(range(n, 500, 7)) for n, key in enumerate(keys[:7])}


async def test_nothing_is_added_or_left_out(bus: Bus, topic: str) -> None:
    """Key, value, headers, nulls and times come back as they were given; offsets count from 0."""
    headers = (("traceparent", b"00-1"), ("empty", b""), ("same", b"\x00\xff"), ("same", b"2"))
    given = [
        Record(topic=topic, key=b"k", value=b"v", headers=headers, partition=1),
        Record(topic=topic, key=b"k", value=None, partition=1),
        Record(topic=topic, key=None, value=b"", partition=1),
        Record(topic=topic, key=b"", value=b"\x00\xff", headers=(("ключ", b"1"),), partition=1),
        Record(topic=topic, key=None, value=None, partition=1),
    ]
    await bus.publish(given)
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, len(given))
    assert [(r.key, r.value, r.headers) for r in found] == [
        (r.key, r.value, r.headers) for r in given
    ]
    assert [(r.topic, r.partition, r.offset) for r in found] == [
        (topic, 1, offset) for offset in range(len(given))
    ]
    for record in found:
        assert abs(record.published_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_many_small_records(bus: Bus, topic: str) -> None:
    """Ten thousand records in one call arrive once each, in order per partition."""
    await bus.publish(
        [Record(topic=topic, key=str(n % 97).encode(), value=b"%d" % n) for n in range(10_000)]
    )
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 10_000)
    assert sorted(int(r.value or b"") for r in found) == list(range(10_000))
    for partition in range(4):
        mine = [r for r in found if r.partition == partition]
        assert [r.offset for r in mine] == list(range(len(mine)))
        assert mine == sorted(mine, key=lambda r: int(r.value or b""))


async def test_large_records(bus: Bus, topic: str) -> None:
    """Records of 1 MB pass, several in one partition, and so does a small one behind them."""
    large = [bytes([n]) * 1_000_000 for n in range(3)]
    await bus.publish(
        [Record(topic=topic, key=b"k", value=value, partition=0) for value in [*large, b"small"]]
    )
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 4)
    assert values(found) == [*large, b"small"]


async def test_over_the_limit(bus: Bus, topic: str) -> None:
    """A record over the limit is refused by number, and nothing of its call is written."""
    small = Record(topic=topic, key=b"k", value=b"small", partition=0)
    large = Record(topic=topic, key=b"k", value=bytes(RECORD_BYTES_MAX), partition=0)
    with pytest.raises(Rejected, match=rf"Record 1.*{RECORD_BYTES_MAX}"):
        await bus.publish([small, large, small])
    await bus.publish([Record(topic=topic, key=b"k", value=b"next", partition=0)])
    async with bus.subscribe([topic], group=new_group()) as subscription:
        assert values(await read(subscription, 1)) == [b"next"]


async def test_exactly_at_the_limit(bus: Bus, topic: str) -> None:
    """The largest record that is not refused is delivered."""
    at_limit = Record(topic=topic, key=None, value=bytes(RECORD_BYTES_MAX - 100), partition=0)
    await bus.publish([at_limit])
    async with bus.subscribe([topic], group=new_group()) as subscription:
        assert values(await read(subscription, 1)) == [at_limit.value]


async def test_records_without_key_use_all_partitions(bus: Bus, topic: str) -> None:
    """Records without a key spread over the partitions; one call's stay together and in order."""
    for call in range(8):
        await bus.publish(
            [Record(topic=topic, key=None, value=b"%d" % n) for n in range(call, call + 3)]
        )
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 24)
    assert {r.partition for r in found} == {0, 1, 2, 3}
    assert {r.offset for r in found} == set(range(6))


async def test_concurrent_publishes_keep_order(bus: Bus, open_bus: OpenBus) -> None:
    """What one task publishes after another call returned, or was begun, comes after it."""
    topic = await new_topic(bus, partitions=2)

    async def publish(through: Bus, who: str) -> None:
        async with asyncio.TaskGroup() as calls:
            for n in range(40):
                calls.create_task(
                    through.publish(
                        [
                            Record(topic=topic, key=who.encode(), value=f"{n}.{m}".encode())
                            for m in range(3)
                        ]
                    )
                )
                await asyncio.sleep(0)

    async with open_bus() as other, asyncio.TaskGroup() as tasks:
        for who in range(6):
            tasks.create_task(publish((bus, other)[who % 2], f"w{who}"))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = await read(subscription, 720)
    for who in range(6):
        mine = [r.value for r in found if r.key == f"w{who}".encode()]
        assert mine == [f"{n}.{m}".encode() for n in range(40) for m in range(3)]
    for partition in range(2):
        offsets = [r.offset for r in found if r.partition == partition]
        assert offsets == list(range(len(offsets)))


async def test_cancelled_publish_leaves_others_alone(bus: Bus, topic: str) -> None:
    """Cancelling one of several concurrent publishes neither loses nor disorders the rest."""
    calls = [
        asyncio.create_task(
            bus.publish([Record(topic=topic, key=b"k", value=b"%d" % n, partition=0)])
        )
        for n in range(60)
    ]
    await asyncio.sleep(0)
    for call in calls[::3]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    kept = [b"%d" % n for n in range(60) if n % 3]
    async with bus.subscribe([topic], group=new_group()) as subscription:
        found = values(await read(subscription, len(kept)))
    assert [value for value in found if value in kept] == kept


async def test_ensure_topics_twice(bus: Bus, topic: str) -> None:
    """A topic that exists keeps its partitions; one that does not is made."""
    more = f"{topic}.more"
    await bus.ensure_topics([Topic(name=topic, partitions=9), Topic(name=more, partitions=2)])
    assert await bus.partitions(topic) == 4
    assert await bus.partitions(more) == 2


async def test_unknown_topic(bus: Bus) -> None:
    """A topic that does not exist is refused by name, wherever it is used."""
    missing = "test.missing"
    with pytest.raises(Rejected, match=missing):
        await bus.partitions(missing)
    with pytest.raises(Rejected, match=missing):
        await bus.publish(numbered(missing, 1))
    with pytest.raises(Rejected, match=missing):
        async with bus.subscribe([missing], group=new_group()):
            pass
    with pytest.raises(Rejected, match=missing):
        async with bus.tail([missing]):
            pass


async def test_unknown_partition(bus: Bus, topic: str) -> None:
    """A partition that the topic does not have is refused."""
    with pytest.raises(Rejected, match="no partition 4"):
        await bus.publish(numbered(topic, 1, partition=4))


async def test_tail(bus: Bus, open_bus: OpenBus, topic: str) -> None:
    """A tail yields everything published after it began, by any process, and nothing before."""
    await bus.publish(numbered(topic, 5))
    async with open_bus() as other, bus.tail([topic]) as records:
        await other.publish(numbered(topic, 3, partition=0))
        await bus.publish(numbered(topic, 2, partition=3))
        found = [await asyncio.wait_for(anext(records), WITHIN_S) for _ in range(5)]
    assert [r.offset for r in found if r.partition == 0] == [5, 6, 7]
    assert [r.offset for r in found if r.partition == 3] == [0, 1]


async def test_tail_from_positions(bus: Bus, topic: str) -> None:
    """A tail with positions yields what is there from them on, and goes on with what comes."""
    for partition in (0, 1):
        await bus.publish(numbered(topic, 5, partition=partition))
    async with bus.tail([topic], {TopicPartition(topic, 0): 3}) as records:
        found = [await asyncio.wait_for(anext(records), WITHIN_S) for _ in range(2)]
        await bus.publish(numbered(topic, 1, partition=0))
        await bus.publish(numbered(topic, 1, partition=1))
        found += [await asyncio.wait_for(anext(records), WITHIN_S) for _ in range(2)]
    assert [r.offset for r in found if r.partition == 0] == [3, 4, 5]
    assert [r.offset for r in found if r.partition == 1] == [5]


async def test_check(bus: Bus) -> None:
    """A bus that can be reached says so."""
    await bus.check()


async def test_position_beyond_the_end(bus: Bus, topic: str) -> None:
    """A group whose position is not there (data was lost) reads on from the oldest record."""
    await bus.publish(numbered(topic, 3))
    group = new_group()
    async with bus.subscribe([topic], group=group) as subscription:
        await read(subscription, 3)
        await subscription.commit({TopicPartition(topic, 0): 1000})
    async with bus.subscribe([topic], group=group) as subscription:
        assert len(await read(subscription, 3)) == 3
