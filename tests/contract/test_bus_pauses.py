"""What both buses promise of members that pause."""

from shared.bus.protocol import Bus, TopicPartition
from tests.support.bus import (
    SESSION_TIMEOUT_S,
    WITHIN_S,
    BusAddress,
    Diary,
    all_assigned,
    new_group,
    numbered,
    opener,
    quiet,
    read,
)


async def test_pause_and_resume(bus: Bus, topic: str) -> None:
    """A paused partition yields nothing, not even what was near; resumed, it goes on in order."""
    await bus.publish(numbered(topic, 10, partition=0) + numbered(topic, 10, partition=1))
    async with bus.subscribe([topic], group=new_group()) as subscription:
        await all_assigned(subscription, 4)
        found = list((await subscription.fetch(max_records=1, wait_s=WITHIN_S)).values())
        [first] = found[0]
        paused = TopicPartition(topic, first.partition)
        subscription.pause([paused])
        others = await read(subscription, 10)
        assert {r.partition for r in others} == {1 - first.partition}
        assert await quiet(subscription, for_s=0.3)
        subscription.resume([paused])
        rest = await read(subscription, 9)
        assert [r.offset for r in rest] == list(range(1, 10))


async def test_paused_members_stay(bus_address: BusAddress, topic: str) -> None:
    """A member that pauses everything longer than the session timeout keeps its partitions."""
    diary = Diary()
    async with (
        opener(bus_address)() as bus,
        bus.subscribe([topic], group=new_group(), assignee=diary) as subscription,
    ):
        await all_assigned(subscription, 4)
        subscription.pause(list(subscription.assignment()))
        await bus.publish(numbered(topic, 3))
        assert await quiet(subscription, for_s=SESSION_TIMEOUT_S + 0.5)
        assert len(diary.owned) == 4
        subscription.resume(list(subscription.assignment()))
        assert len(await read(subscription, 3)) == 3
