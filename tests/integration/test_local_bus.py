"""What only the bus in Postgres does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from shared.bus import local_bell
from shared.bus.local import LocalBus, open_local_bus
from shared.bus.local_group import Plan, Seat, share_of, touched
from shared.bus.local_store import SQL, Store, StoredTopic, translated
from shared.bus.protocol import TopicPartition
from shared.db.pool import Pool
from shared.domain.errors import Unavailable
from shared.runtime.clock import SystemClock
from tests.support.bus import (
    all_assigned,
    new_group,
    new_topic,
    next_positions,
    numbered,
    read,
    values,
)
from tests.support.postgres import execute

LATER = timedelta(hours=1)


@pytest_asyncio.fixture
async def local(pool: Pool) -> AsyncIterator[LocalBus]:
    """The bus in a database of the test's own."""
    async with open_local_bus(pool, SystemClock(), session_timeout_s=60) as bus:
        yield bus


async def test_trim(local: LocalBus) -> None:
    """Trimming deletes, a few at a time, what is old and committed by every group; no more."""
    topic = await new_topic(local, partitions=1)
    fast, slow, now = new_group(), new_group(), datetime.now(UTC)
    await local.publish(numbered(topic, 10))
    for group, done in ((fast, 9), (slow, 6)):
        async with local.subscribe([topic], group=group) as subscription:
            await all_assigned(subscription, 1)
            await subscription.commit({TopicPartition(topic, 0): done})
    assert await local.trim(before=now - LATER, records_max=100) == 0
    assert await local.trim(before=now + LATER, records_max=4) == 4
    assert await local.trim(before=now + LATER, records_max=100) == 2
    async with local.subscribe([topic], group=new_group()) as subscription:
        assert values(await read(subscription, 4)) == [b"6", b"7", b"8", b"9"]


async def test_connections_cut(local: LocalBus, pool: Pool, database: str) -> None:
    """After Postgres ends every connection the bus goes on: nothing lost, readers wake again."""
    topic = await new_topic(local, partitions=1)
    async with (
        open_local_bus(pool, SystemClock(), session_timeout_s=60) as other,
        local.subscribe([topic], group=new_group()) as subscription,
    ):
        await local.publish(numbered(topic, 1))
        found = await read(subscription, 1)
        await execute(
            database,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        async with asyncio.timeout(60):
            for publisher in (local, other):
                while True:
                    try:
                        await publisher.publish(numbered(topic, 1))
                        break
                    except Unavailable:
                        await asyncio.sleep(0.05)
            while len(found) < 3:
                try:
                    found += await read(subscription, 1)
                except Unavailable:
                    await asyncio.sleep(0.05)
        await subscription.commit(next_positions(found))
        assert [r.offset for r in found] == [0, 1, 2]


async def test_a_name_renews_no_seat(pool: Pool) -> None:
    """Of two under one name the later sits; the earlier keeps, commits, frees and ends nothing."""
    store = Store(pool)
    await store.add_topic("t", 2)
    topic = await store.topic("t")
    assert topic is not None
    first, second = [Seat(store, [topic], group="g", member="a", ttl_s=60) for _ in range(2)]
    await first.join()
    before = await first.plan(frozenset())
    await second.join()
    assert not await touched(store, [first.row], ttl_s=60)
    assert await first.plan(frozenset()) is None
    plan = await second.plan(frozenset())
    assert plan is not None
    assert plan == before
    await second.commit(dict.fromkeys(plan.take, 5))
    await first.commit(dict.fromkeys(plan.take, 7))
    await first.release(except_for=frozenset())
    await first.leave()
    assert await store.committed(topic, "g") == dict.fromkeys(plan.take, 5)
    assert set(await touched(store, [first.row, second.row], ttl_s=60)) == {second.row[2]}
    assert await second.plan(frozenset(plan.take)) == Plan(take={}, give=frozenset())


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_shares_are_fair(count: int) -> None:
    """Members' shares are disjoint, together all partitions, and differ by one at most."""
    topic = StoredTopic(name="t", topic_id=7, partitions=8)
    members = {f"m{n}": frozenset({"t"}) for n in range(count)}
    shares = [share_of(name, members, [topic]) for name in members]
    assert sum(map(len, shares)) == len(frozenset().union(*shares)) == 8
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_share_only_of_what_is_read() -> None:
    """A partition goes to a member that reads its topic, whoever else is in the group."""
    topics = [StoredTopic(name=name, topic_id=n, partitions=2) for n, name in enumerate("ab")]
    members = {"one": frozenset("a"), "two": frozenset("ab")}
    both = [place for name in members for place in share_of(name, members, read_by(members[name]))]
    assert sorted(both) == [TopicPartition(t.name, p) for t in topics for p in range(2)]


def read_by(names: frozenset[str]) -> list[StoredTopic]:
    """The topics named so."""
    return [
        StoredTopic(name=name, topic_id="ab".index(name), partitions=2) for name in sorted(names)
    ]


async def test_our_own_mistakes_are_not_unavailable(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong number of arguments is no outage: trying again would hide it for ever."""
    with pytest.raises(asyncpg.InterfaceError, match="expects 2 arguments"), translated():
        await pool.execute(SQL["add_topic"], "a")
    monkeypatch.setattr(local_bell, "SQL", {"notify_names": SQL["add_topic"]})
    bell = local_bell.Bell(pool)
    bell.ring(["a"])
    with pytest.raises(asyncpg.InterfaceError, match="expects 2 arguments"):
        await bell.tell()
