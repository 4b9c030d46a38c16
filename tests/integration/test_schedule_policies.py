"""What becomes of a time that comes while the execution of the one before is under way."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.db.schedules import NEVER, ScheduleFilter, find_schedule, list_schedules
from shared.domain.errors import NotFound
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.workflows import Lifecycle, Workflow
from tests.integration.test_schedules import fire, house
from tests.support.virtual_clock import VirtualClock
from tests.support.works import Works, open_works, until

START = datetime(2026, 11, 22, 5, 59, tzinfo=UTC)
SIX = datetime(2026, 11, 22, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG = {"id": "rest", "kind": "sleep", "sleep": {"duration_s": 90.0}}


def due(status: str, at: datetime) -> str:
    """How many executions of a status were started for a time; any for ``%``."""
    return (
        "SELECT count(*) FROM executions AS x JOIN execution_log AS l ON l.execution_id = x.id"
        f" AND l.position = 1 WHERE x.status LIKE '{status}'"
        f" AND l.input -> 'data' ->> 'scheduled_at' = '{at:%Y-%m-%dT%H:%M:%S.000000Z}'"
    )


async def by_the_minute(works: Works, clock: VirtualClock, **said: Any) -> Workflow:
    """A workflow that is due every minute, and takes one and a half."""
    schedule = {"kind": "cron", "value": "* * * * *", **said}
    definition = {
        "name": "w",
        "triggers": [{"id": "tick", "kind": "schedule", "schedule": schedule}],
        "steps": [LONG],
    }
    return await works.register(definition, created_at=clock.now(), updated_at=clock.now())


async def test_a_time_is_passed_over_while_the_one_before_runs(database: str) -> None:
    """It is noted, and the next one starts once that has ended."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        await by_the_minute(works, clock, overlap="skip")
        clock.jump(SIX)
        await until(works.pool, due("WAITING", SIX), 1)
        clock.jump(SIX + MINUTE)
        await until(works.pool, f"SELECT next_at > '{SIX + MINUTE}' FROM schedules")
        (row,) = await works.pool.fetch("SELECT skipped_at, skip_reason FROM schedules")
        assert tuple(row) == (SIX + MINUTE, "UNDER_WAY")
        clock.jump(SIX + 1.6 * MINUTE)
        await until(works.pool, due("COMPLETED", SIX), 1)
        clock.jump(SIX + 2 * MINUTE)
        await until(works.pool, due("%", SIX + 2 * MINUTE), 1)
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 2


@pytest.mark.parametrize("off", [{"is_active": False}, {"lifecycle": Lifecycle.DRAFT}])
async def test_a_workflow_that_was_off_for_a_while_knows_what_runs(
    database: str, off: dict[str, Any]
) -> None:
    """Switched off and on again, or a draft between, its schedule passes over what it would."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        flow = await by_the_minute(works, clock, overlap="skip")
        clock.jump(SIX)
        await until(works.pool, due("WAITING", SIX), 1)
        (id_,) = await works.pool.fetch("SELECT id FROM schedules")
        again = {"id": flow.id, "created_at": clock.now(), "updated_at": clock.now()}
        await works.register(flow.source, version=2, **again, **off)
        async with works.pool.acquire() as conn:
            which = ScheduleFilter(environment_id=DEFAULT_ENVIRONMENT)
            assert not await list_schedules(conn, which, after=None, limit=9)
            with pytest.raises(NotFound):
                await find_schedule(conn, id_["id"])
        await works.register(flow.source, version=3, **again)
        clock.jump(SIX + MINUTE)
        await until(works.pool, f"SELECT next_at > '{SIX + MINUTE}' FROM schedules")
        (row,) = await works.pool.fetch("SELECT id, skipped_at, skip_reason FROM schedules")
        assert tuple(row) == (id_["id"], SIX + MINUTE, "UNDER_WAY")


async def test_a_time_waits_for_the_end_of_the_one_before(database: str) -> None:
    """One at most waits, and starts right after; others are passed over."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        await by_the_minute(works, clock, overlap="queue", catch_up="all")
        clock.jump(SIX)
        await until(works.pool, due("WAITING", SIX), 1)
        clock.jump(SIX + MINUTE)
        await until(works.pool, f"SELECT queued_at = '{SIX + MINUTE}' FROM schedules")
        clock.jump(SIX + 1.6 * MINUTE)
        await until(works.pool, due("COMPLETED", SIX), 1)
        clock.jump(SIX + 1.7 * MINUTE)
        await until(works.pool, due("WAITING", SIX + MINUTE), 1)
        await until(works.pool, "SELECT queued_at IS NULL FROM schedules")
        clock.jump(SIX + 2 * MINUTE)
        await until(works.pool, f"SELECT queued_at = '{SIX + 2 * MINUTE}' FROM schedules")
        clock.jump(SIX + 3 * MINUTE)
        await until(works.pool, f"SELECT skipped_at = '{SIX + 3 * MINUTE}' FROM schedules")


async def test_a_time_ends_the_one_before(database: str) -> None:
    """That is cancelled, with a reason, and the new one runs."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        await by_the_minute(works, clock, overlap="cancel")
        clock.jump(SIX)
        await until(works.pool, due("WAITING", SIX), 1)
        clock.jump(SIX + MINUTE)
        await until(works.pool, due("CANCELLED", SIX), 1)
        await until(works.pool, due("WAITING", SIX + MINUTE), 1)


@pytest.mark.parametrize("overlap", ["skip", "queue"])
async def test_what_is_on_its_way_counts_as_under_way(database: str, overlap: str) -> None:
    """Nobody takes the start up; after five minutes it holds nothing up any more."""
    clock = VirtualClock(START)
    async with open_works(database, clock=clock) as works:
        await works.crash()
        await by_the_minute(works, clock, overlap=overlap)
        started = []
        for minute in range(7):
            clock.jump(SIX + minute * MINUTE)
            await fire(works)
            last_at: datetime = await works.pool.fetchval("SELECT last_at FROM schedules")
            started.append((last_at - SIX) // MINUTE)
        assert started == ([0, 0, 0, 0, 0, 5, 5] if overlap == "skip" else [0, 0, 0, 0, 0, 1, 1])


async def test_the_last_time_may_have_to_wait(database: str) -> None:
    """The schedule is never due again, and stays until that has started."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        ends_at = (SIX + MINUTE).isoformat()
        await by_the_minute(works, clock, overlap="queue", ends_at=ends_at)
        clock.jump(SIX)
        await until(works.pool, due("WAITING", SIX), 1)
        clock.jump(SIX + MINUTE)
        await until(works.pool, "SELECT next_at IS NULL AND queued_at IS NOT NULL FROM schedules")
        async with works.pool.acquire() as conn:
            which = ScheduleFilter(environment_id=DEFAULT_ENVIRONMENT)
            (kept,) = await list_schedules(conn, which, after=(SIX, UUID(int=0)), limit=9)
            assert (kept.next_at, kept.queued_at) == (None, SIX + MINUTE)
            assert not await list_schedules(conn, which, after=(NEVER, kept.id), limit=9)
        clock.jump(SIX + 1.6 * MINUTE)
        await until(works.pool, due("COMPLETED", SIX), 1)
        clock.jump(SIX + 1.7 * MINUTE)
        await until(works.pool, due("WAITING", SIX + MINUTE), 1)
        await until(works.pool, "SELECT count(*) FROM schedules", 0)
