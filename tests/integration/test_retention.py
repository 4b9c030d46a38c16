"""Executions that ended long ago are deleted; nothing is that somebody still needs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from services.scheduler.settings import SchedulerSettings
from shared.db import retention
from shared.db.intake import ensure_days
from shared.db.pool import Pool
from shared.db.retention import FIRST_PLACE, Place, Portion, prune_executions, pruned_before
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, StepId
from shared.domain.signals import Decided
from tests.support.ended import Pruning, age, open_pruning, put_ended
from tests.support.eventually import eventually
from tests.support.house import settings_of
from tests.support.works import (
    NOTE,
    all_ended,
    caught_up,
    open_works,
    say,
    start,
    statuses,
    until,
    workflow,
)

KEPT_DAYS = 30
MONTH = timedelta(days=KEPT_DAYS)
LONG_AGO = timedelta(days=KEPT_DAYS + 1)
EXECUTIONS = "SELECT count(*) FROM executions"
ENTRIES = "SELECT count(*) FROM execution_log"
TORN = (
    "SELECT count(*) FROM execution_log AS l FULL JOIN executions AS x ON x.id = l.execution_id"
    " WHERE x.id IS NULL OR l.execution_id IS NULL"
)
"""Entries without their execution, or executions without entries."""
PRUNED = "turnout_executions_pruned_total"
ROWS = {
    "inbox": "(execution_id, command_offset, partition, command) VALUES ($1, 1, 0, '{}')",
    "timers": "(execution_id, partition, due_at) VALUES ($1, 0, now())",
    "hidden_runs": "(execution_id, environment_id, hidden_at) VALUES ($1, $1, now())",
    "waits": "(execution_id, step_id, partition, environment_id, kind, subject, attempt, since,"
    " data, has_looked_back) VALUES ($1, 's', 0, $1, 'form', 'f', 1, now(), '{}', true)",
}


@pytest_asyncio.fixture
async def house(database: str) -> AsyncIterator[Pruning]:
    """Executions are kept for a month after their end."""
    async with open_pruning(database, KEPT_DAYS) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """Of now."""
    return datetime.now(UTC)


async def test_what_ended_long_ago_goes_with_all_that_is_kept_of_it(database: str) -> None:
    """Of real work: what waits or ended lately stays, and goes on."""
    settings = SchedulerSettings(**settings_of(database), executions_kept_days=KEPT_DAYS)
    async with open_works(database) as works:
        asking = await works.register(workflow({"id": "ask", "kind": "approval"}, NOTE))
        noting = await works.register(workflow(NOTE))
        waiting = (await start(works, asking))[0]
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        gone = (await start(works, noting))[0]
        await all_ended(works.pool, 1)
        await age(works.pool, LONG_AGO)
        lately = (await start(works, noting))[0]
        await all_ended(works.pool, 2)
        await caught_up(works)
        for table, row in ROWS.items():
            await works.pool.execute(f"INSERT INTO {table} {row}", gone)
        house = Pruning(works.platform, settings)
        await house.prune()
        assert {*await statuses(works.pool)} == {waiting, lately}
        assert await works.pool.fetchval(TORN) == 0
        for table in ROWS:
            left = f"SELECT count(*) FROM {table} WHERE execution_id = $1"
            assert await works.pool.fetchval(left, gone) == 0, table
        assert house.pruned() == 1
        await say(
            works, waiting, Decided(step_id=StepId("ask"), decision="approve", decision_id="d")
        )
        await all_ended(works.pool, 2)
        assert (await statuses(works.pool))[waiting] == "COMPLETED"


async def test_all_is_kept_unless_it_is_set(house: Pruning, now: datetime) -> None:
    """An upgrade deletes nothing, and says so to whoever looks."""
    await put_ended(house.pool, now - timedelta(days=10_000))
    house.settings = SchedulerSettings(**settings_of("postgresql://"))
    await house.prune()
    async with house.pool.acquire() as conn:
        assert await pruned_before(conn) is None
    assert await house.pool.fetchval(EXECUTIONS) == 1


async def test_as_many_whole_days_as_are_set(house: Pruning) -> None:
    """Up to the last moment of the day before."""
    midnight = datetime.combine(house.platform.clock.now().date(), datetime.min.time(), UTC) - MONTH
    await put_ended(house.pool, midnight - timedelta(microseconds=1))
    (stays,) = await put_ended(house.pool, midnight)
    await house.prune()
    assert [*await statuses(house.pool)] == [stays]


async def test_who_came_of_an_archived_event_stays_as_long_as_that(
    house: Pruning, now: datetime
) -> None:
    """A day that could not be dropped yet keeps what its events have started."""
    old = now - LONG_AGO - timedelta(days=2)
    async with house.pool.acquire() as conn:
        await ensure_days(conn, old.date(), old.date())
    (stays,) = await put_ended(house.pool, old)
    await put_ended(house.pool, old - timedelta(days=1))
    await house.prune()
    assert [*await statuses(house.pool)] == [stays]


async def test_a_portion_is_bounded(house: Pruning, now: datetime) -> None:
    """By the executions that are looked at, and by log entries, but for a single long log."""
    old, before = now - LONG_AGO, now - MONTH
    many = retention.LOOKED_AT + 100
    await put_ended(house.pool, old, count=many)
    first = await portion(house.pool, before)
    assert (first.executions, first.entries) == (retention.LOOKED_AT, retention.LOOKED_AT)
    assert (await portion(house.pool, before, first.up_to)).executions == 100
    assert await house.pool.fetchval(EXECUTIONS) == 0
    each = retention.ENTRIES_AT_ONCE // 2
    for entries in (each, each, 1, 2 * each + 1, 1):
        old += timedelta(seconds=1)
        await put_ended(house.pool, old, entries=entries)
    place, counts = FIRST_PLACE, []
    while await house.pool.fetchval(EXECUTIONS):
        some = await portion(house.pool, before, place)
        place = some.up_to
        counts.append(some.entries)
    assert counts == [2 * each, 1, 2 * each + 1, 1]


async def portion(pool: Pool, before: datetime, after: Place = FIRST_PLACE) -> Portion:
    """What is deleted at once."""
    async with pool.acquire() as conn:
        some = await prune_executions(conn, EnvironmentId(DEFAULT_ENVIRONMENT), before, after)
    assert some is not None
    return some


async def test_environments_take_turns(house: Pruning, now: datetime) -> None:
    """One with very many old executions keeps no other waiting, and stops when it is told to."""
    many, few = sorted([uuid4(), uuid4()])
    old = now - LONG_AGO
    await put_ended(house.pool, old, count=retention.LOOKED_AT * 20, environment_id=many)
    await put_ended(house.pool, old, environment_id=few)
    pruning = asyncio.create_task(house.prune())
    left = f"SELECT count(*) FROM executions WHERE environment_id = '{few}'"
    await until(house.pool, left, 0)
    house.stop.set()
    await pruning
    assert await house.pool.fetchval(EXECUTIONS) > 0
    assert await house.pool.fetchval(TORN) == 0


async def test_two_at_once_share_it(house: Pruning, now: datetime) -> None:
    """Each execution is deleted, and counted, once."""
    count = retention.LOOKED_AT * 6
    await put_ended(house.pool, now - LONG_AGO, count=count, entries=3)
    await asyncio.gather(house.prune(), house.prune())
    assert await house.pool.fetchval(EXECUTIONS) == await house.pool.fetchval(ENTRIES) == 0
    assert house.pruned() == count


async def test_what_another_has_locked_is_left_to_it(house: Pruning, now: datetime) -> None:
    """Nobody waits for it, and the rest goes."""
    (locked, _) = await put_ended(house.pool, now - LONG_AGO, count=2)
    async with house.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM executions WHERE id = $1 FOR UPDATE", locked)
        await house.prune()
        assert [*await statuses(house.pool)] == [locked]
    await house.prune()
    assert house.pruned() == 2


async def test_a_crash_leaves_nothing_torn(house: Pruning, now: datetime) -> None:
    """In the midst of a portion, and between two; the next round deletes the rest."""
    count = retention.LOOKED_AT * 4
    await put_ended(house.pool, now - LONG_AGO, count=count, entries=3)
    pruning = asyncio.create_task(house.prune())
    await eventually(lambda: house.pruned() > 0)
    await house.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    pruning.cancel()
    await asyncio.wait([pruning])
    assert await house.pool.fetchval(TORN) == 0
    await house.prune()
    assert await house.pool.fetchval(EXECUTIONS) == await house.pool.fetchval(ENTRIES) == 0


async def test_a_locked_table_puts_it_off(house: Pruning, now: datetime) -> None:
    """It waits a second, so that nobody waits behind it for longer, and ends without harm."""
    await put_ended(house.pool, now - LONG_AGO, entries=3)
    async with house.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE execution_log IN SHARE MODE")
        with capture_logs() as logs:
            await house.prune()
    (put_off,) = (line for line in logs if line["event"] == "pruning_put_off")
    assert "lock timeout" in put_off["reason"]
    assert await house.pool.fetchval(ENTRIES) == 3
    assert house.pruned() == 0
    await house.prune()
    assert await house.pool.fetchval(EXECUTIONS) == 0
