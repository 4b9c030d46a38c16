"""Environments over their quota wait without loss, and without holding up others."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import orjson
from prometheus_client import CollectorRegistry

from services.trigger_ingest.metrics import IngestMetrics
from services.trigger_ingest.quotas import Holder, Quotas, Throttled
from services.trigger_ingest.settings import Quota, QuotaSettings
from shared.bus.protocol import Bus, Received, Record, TopicPartition
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.runtime.clock import SystemClock
from shared.runtime.environment_names import EnvironmentNames
from tests.support.bus import (
    WITHIN_S,
    OpenBus,
    new_group,
    next_positions,
    numbered,
    read,
    values,
)
from tests.support.eventually import eventually
from tests.support.house import count, open_house
from tests.support.works import until

LIMITED, FREE = (EnvironmentId(UUID(int=n)) for n in (1, 2))
ONE_A_SECOND = QuotaSettings(environments={LIMITED: Quota(events_per_s=1, burst_s=0.1)})


class Stopped(SystemClock):
    """A stopwatch that stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.at_s = time.monotonic()

    def monotonic(self) -> float:
        return self.at_s


def limited(topic: str, partition: int, count: int, first: int = 0) -> list[Record]:
    """Records of the environment that has a quota, numbered."""
    return [
        Record(topic=topic, key=b"limited", value=b"%d" % n, partition=partition)
        for n in range(first, first + count)
    ]


def environment_of(record: Received) -> EnvironmentId:
    """By the key: the bus knows nothing of environments."""
    return LIMITED if record.key == b"limited" else FREE


@asynccontextmanager
async def throttled(
    bus: Bus, topic: str, group: str, clock: Stopped, registry: CollectorRegistry | None = None
) -> AsyncIterator[Throttled]:
    """A member of a group that keeps to ``ONE_A_SECOND``."""
    holder = Holder()
    async with bus.subscribe([topic], group=group, assignee=holder) as subscription:
        yield Throttled(
            subscription,
            holder,
            quotas=Quotas(ONE_A_SECOND),
            environment_of=environment_of,
            metrics=IngestMetrics(registry or CollectorRegistry(), EnvironmentNames()),
            clock=clock,
        )


async def passed(member: Throttled, least: int = 0) -> list[Received]:
    """Everything that goes on before nothing more does for a while, and so many came; committed."""
    found: list[Received] = []
    async with asyncio.timeout(WITHIN_S):
        while (batches := await member.fetch(max_records=100, wait_s=0.5)) or len(found) < least:
            some = [record for records in batches.values() for record in records]
            await member.commit(next_positions(some))
            found += some
    return found


def of(records: Sequence[Received], partition: int) -> list[bytes | None]:
    """The values of a partition."""
    return values([record for record in records if record.partition == partition])


async def test_what_is_over_the_quota_waits_in_order_while_other_partitions_go_on(
    bus: Bus, topic: str
) -> None:
    """Its own partition stands still behind it, nobody else's; later all of it comes, in order."""
    clock, registry = Stopped(), CollectorRegistry()
    await bus.publish([*limited(topic, 0, 4), *numbered(topic, 2, partition=0)])
    async with throttled(bus, topic, new_group(), clock, registry) as member:
        found = await read(member, 1)
        found += await passed(member)
        assert of(found, 0) == [b"0"]
        await bus.publish([*numbered(topic, 5, partition=1), *numbered(topic, 1, partition=0)])
        assert of(await read(member, 5), 1) == [b"0", b"1", b"2", b"3", b"4"]
        assert (await member.lag())[TopicPartition(topic, 0)] == 6
        for second in (b"1", b"2"):
            clock.at_s += 1
            assert of(await passed(member, 1), 0) == [second]
        clock.at_s += 1
        assert of(await passed(member, 4), 0) == [b"3", b"0", b"1", b"0"]
    held_s = registry.get_sample_value(
        "turnout_ingest_held_seconds_total", {"environment": str(LIMITED)}
    )
    assert held_s is not None
    assert 3 <= held_s < 3.01


async def test_a_member_that_ends_while_it_holds_leaves_everything_to_the_next(
    bus: Bus, topic: str
) -> None:
    """What was held was not committed: it is read again, and nothing that had gone on."""
    group, clock = new_group(), Stopped()
    await bus.publish(limited(topic, 2, 5))
    async with throttled(bus, topic, group, clock) as member:
        found = await read(member, 1)
        await member.commit(next_positions(found))
        assert of(found + await passed(member), 2) == [b"0"]
    async with bus.subscribe([topic], group=group) as subscription:
        assert of(await read(subscription, 4), 2) == [b"1", b"2", b"3", b"4"]


async def test_what_is_held_goes_with_its_partition(
    bus: Bus, open_bus: OpenBus, topic: str
) -> None:
    """After partitions changed hands while records were held, each goes on once, in order."""
    group, clock = new_group(), Stopped()
    await bus.publish([r for partition in range(4) for r in limited(topic, partition, 3)])
    async with throttled(bus, topic, group, clock) as member:
        first = await read(member, 1)
        await member.commit(next_positions(first))
        assert len(first + await passed(member)) == 1
        async with open_bus() as other, other.subscribe([topic], group=group) as free:
            await eventually(lambda: len(free.assignment()) == len(member.assignment()) == 2)
            theirs = [at.partition for at in free.assignment()]
            taken = await read(free, 6 - sum(r.partition in theirs for r in first))
            mine: list[Received] = []
            while len(first) + len(taken) + len(mine) < 12:
                clock.at_s += 1
                mine += await passed(member, 1)
            clock.at_s += 60
            mine += await passed(member)
    for partition in range(4):
        assert of([*first, *taken, *mine], partition) == [b"0", b"1", b"2"]


async def test_a_quiet_environment_is_served_while_a_noisy_one_is_held_and_none_is_lost(
    database: str,
) -> None:
    """Over its quota, on a topic of its own, it waits; without the quota all of it is executed."""
    flow = {
        "name": "w",
        "triggers": [{"event_name": "go"}],
        "steps": [{"id": "note", "action": "transform", "input": {"src": "done"}}],
    }
    topics = {"source_topics": ("turnout.events", "turnout.noisy"), "member": "one"}
    quota = {"environments": {LIMITED: {"events_per_s": 0.001, "burst_s": 0.1}}}
    async with open_house(database, **topics, quota=quota) as house:
        pool = house.platform.pool
        await house.register(flow)
        await house.register(flow, environment_id=UUID(str(LIMITED)))
        noise = [
            Record(topic="turnout.noisy", key=b"k", value=event(n, str(LIMITED))) for n in range(5)
        ]
        await house.platform.bus.publish(noise)
        await until(pool, ended(LIMITED), 1)
        for _ in range(10):
            await house.send("go", {})
        await until(pool, ended(DEFAULT_ENVIRONMENT), 10)
        assert await count(pool, "events", f"environment_id = '{LIMITED}'") == 1
    async with open_house(database, **topics) as house:
        await until(house.platform.pool, ended(LIMITED), 5)


def event(number: int, environment: str) -> bytes:
    """An event in the plain envelope."""
    return orjson.dumps({"id": f"e{number}", "event": "go", "environment_id": environment})


def ended(environment: EnvironmentId) -> str:
    """How many executions of an environment have completed."""
    done = f"status = 'COMPLETED' AND environment_id = '{environment}'"
    return f"SELECT count(*) FROM executions WHERE {done}"
