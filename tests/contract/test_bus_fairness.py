"""Partitions with a backlog do not keep others back."""

from collections import Counter

from shared.bus.protocol import Bus
from tests.support.bus import new_group, new_topic, numbered

BACKLOG = 3_000


async def test_each_fetch_shares_evenly_among_the_partitions_that_have_records(
    bus: Bus,
) -> None:
    """Wherever a short partition stands among long ones, it is through long before them."""
    for quiet in range(4):
        name = await new_topic(bus, partitions=4)
        lengths = [BACKLOG] * 4
        lengths[quiet] = 20
        for partition, length in enumerate(lengths):
            await bus.publish(numbered(name, length, partition=partition))
        seen: Counter[int] = Counter()
        async with bus.subscribe([name], group=new_group()) as subscription:
            while seen[quiet] < 20:
                for at, records in (await subscription.fetch(max_records=40, wait_s=1)).items():
                    seen[at.partition] += len(records)
        assert seen.total() < BACKLOG


async def test_sharing_keeps_every_record_in_order(bus: Bus, topic: str) -> None:
    """More partitions than records at a time: all of them come, each partition in its order."""
    for partition in range(4):
        await bus.publish(numbered(topic, 25 * (partition + 1), partition=partition))
    found: dict[int, list[int]] = {partition: [] for partition in range(4)}
    async with bus.subscribe([topic], group=new_group()) as subscription:
        while sum(map(len, found.values())) < 250:
            batches = await subscription.fetch(max_records=3, wait_s=1)
            assert sum(map(len, batches.values())) <= 3
            for at, records in batches.items():
                found[at.partition] += [record.offset for record in records]
            if sum(map(len, found.values())) >= 40:
                assert all(found.values())
    assert found == {partition: list(range(25 * (partition + 1))) for partition in range(4)}
