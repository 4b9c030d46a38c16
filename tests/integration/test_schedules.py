"""Workflows that start by the clock, with nights that take milliseconds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from services.scheduler.fire_schedules import fire_due, fire_schedules
from services.scheduler.metrics import SchedulerMetrics
from shared.assembly.platform import Platform
from shared.domain.workflows import Workflow
from shared.runtime.environment_names import EnvironmentNames
from shared.runtime.roles import Role
from tests.support.virtual_clock import VirtualClock
from tests.support.works import NOTE, Works, open_works, until

EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
NIGHT = timedelta(days=1)
NIGHTLY = {
    "name": "nightly",
    "triggers": [{"kind": "schedule", "schedule": {"kind": "cron", "value": "0 2 * * *"}}],
    "steps": [NOTE],
}
DONE = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"


def schedules(platform: Platform) -> Sequence[tuple[str, Role]]:
    """The part of the scheduler that starts workflows."""

    async def run(stop: asyncio.Event) -> None:
        await fire_schedules(
            platform, stop, SchedulerMetrics(CollectorRegistry(), EnvironmentNames())
        )

    return [("scheduler", run)]


async def fire(works: Works) -> int:
    """Fire what is due, once."""
    return await fire_due(works.platform, SchedulerMetrics(CollectorRegistry(), EnvironmentNames()))


@asynccontextmanager
async def house(database: str, clock: VirtualClock, **more: Any) -> AsyncIterator[Works]:
    """A scheduler and an executor that live by ``clock``."""
    async with open_works(database, clock=clock, before=schedules, **more) as works:
        yield works


async def nightly(works: Works, clock: VirtualClock) -> Workflow:
    """The workflow, registered now by the clock."""
    return await works.register(NIGHTLY, created_at=clock.now(), updated_at=clock.now())


async def test_a_nightly_schedule_starts_one_execution_a_night(database: str) -> None:
    """Ten nights pass at once; each starts it once, at two, and tells so in its event."""
    clock = VirtualClock(EVENING)
    async with house(database, clock) as works:
        await nightly(works, clock)
        for count in range(1, 11):
            clock.jump(EVENING + count * NIGHT)
            await until(works.pool, DONE, count)
        due = await works.pool.fetch(
            "SELECT input -> 'data' ->> 'scheduled_at' AS at FROM execution_log"
            " WHERE position = 1 ORDER BY 1"
        )
        assert due[0]["at"] == "2026-11-23T02:00:00.000000Z"
        assert due[-1]["at"] == "2026-12-02T02:00:00.000000Z"


async def test_two_schedulers_start_it_once(database: str) -> None:
    """However many fire at the same time, and though one fires again what was fired."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        flow = await nightly(works, clock)
        clock.jump(EVENING + NIGHT)
        await asyncio.gather(*[fire(works) for _ in range(4)])
        await works.pool.execute(
            "UPDATE schedules SET next_at = $1 WHERE workflow_id = $2",
            datetime(2026, 11, 23, 2, tzinfo=UTC),
            flow.id,
        )
        assert await fire(works) == 1
        consumed = (
            "SELECT sum(o.consumed_offset) = (SELECT count(*) FROM bus_records JOIN bus_topics"
            " USING (topic_id) WHERE name = 'turnout.commands') FROM partition_owners AS o"
        )
        await until(works.pool, consumed)
        await until(works.pool, DONE, 1)
        assert await works.pool.fetchval("SELECT count(*) FROM executions") == 1


async def test_nights_that_were_missed_are_one(database: str) -> None:
    """A scheduler that comes back after a week starts it once, for the last night."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        await nightly(works, clock)
        clock.jump(EVENING + 7 * NIGHT)
        assert await fire(works) == 1
        assert await fire(works) == 0
        await until(works.pool, DONE, 1)
        at = await works.pool.fetchval("SELECT next_at FROM schedules")
        assert at == datetime(2026, 11, 30, 2, tzinfo=UTC)


async def test_a_workflow_that_is_switched_off_has_no_schedule(database: str) -> None:
    """Neither is it due, nor does it come back by itself."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        flow = await nightly(works, clock)
        await works.register(NIGHTLY, id=flow.id, version=2, is_active=False)
        clock.jump(EVENING + NIGHT)
        assert await fire(works) == 0


async def test_a_new_version_keeps_a_night_that_is_due(database: str) -> None:
    """A schedule that stays as it is loses nothing, whoever saves its workflow when."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        flow = await nightly(works, clock)
        clock.jump(EVENING + NIGHT)
        await works.register(NIGHTLY, id=flow.id, version=2, updated_at=clock.now())
        assert await fire(works) == 1
        await until(works.pool, DONE, 1)
        assert await works.pool.fetchval("SELECT workflow_version FROM executions") == 2


async def test_many_missed_times_start_some_at_a_time(database: str) -> None:
    """Six schedules that missed a hundred times each are not one burst of commands."""
    clock = VirtualClock(EVENING)
    often = {"kind": "cron", "value": "* * * * *", "catch_up": "all", "catch_up_max": 100}
    triggers = [{"kind": "schedule", "schedule": often} for _ in range(6)]
    async with open_works(database, clock=clock) as works:
        await works.crash()
        await works.register({**NIGHTLY, "triggers": triggers}, updated_at=clock.now())
        clock.jump(EVENING + NIGHT)
        assert [await fire(works) for _ in range(3)] == [5, 1, 0]
