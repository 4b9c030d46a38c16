"""What an edit of a workflow leaves of a time that is due, and of one that waits."""

from datetime import timedelta
from typing import Any

import pytest

from shared.db.schedules import ScheduleFilter, list_schedules, pause_schedule, resume_schedule
from shared.domain.ids import DEFAULT_ENVIRONMENT, ScheduleId
from shared.domain.kept_schedules import Pause
from shared.domain.workflows import Lifecycle, Workflow
from tests.integration.test_schedule_policies import MINUTE, SIX, START, by_the_minute, due
from tests.integration.test_schedules import fire, house
from tests.support.virtual_clock import VirtualClock
from tests.support.works import NOTE, Works, open_works, until

ONCE = {"kind": "once", "value": SIX.isoformat()}
LAST: list[dict[str, Any]] = [
    ONCE,
    ONCE | {"jitter_s": 3_600},
    {"kind": "cron", "value": "0 6 * * *", "ends_at": (SIX + 5 * MINUTE).isoformat()},
]
OFF: list[dict[str, Any]] = [{"is_active": False}, {"lifecycle": Lifecycle.DRAFT}]
WAITS = "SELECT next_at IS NULL AND queued_at IS NOT NULL AND NOT is_resting FROM schedules"


async def flow_of(works: Works, clock: VirtualClock, schedule: dict[str, Any]) -> Workflow:
    """A workflow with the schedule, registered now."""
    definition = {
        "name": "w",
        "triggers": [{"id": "tick", "kind": "schedule", "schedule": schedule}],
        "steps": [NOTE],
    }
    return await works.register(definition, created_at=clock.now(), updated_at=clock.now())


async def edit(
    works: Works, clock: VirtualClock, flow: Workflow, version: int, **said: Any
) -> Workflow:
    """The workflow's next version, made now; ``said`` also has what its document says anew."""
    source = {**flow.source, "description": f"as of version {version}", **said.pop("source", {})}
    stamps = {"created_at": clock.now(), "updated_at": clock.now()}
    return await works.register(source, id=flow.id, version=version, **stamps, **said)


async def count(works: Works) -> int:
    """How many schedules there are."""
    found: int = await works.pool.fetchval("SELECT count(*) FROM schedules")
    return found


@pytest.mark.parametrize("schedule", LAST)
async def test_the_last_time_that_is_due_starts_in_the_new_version(
    database: str, schedule: dict[str, Any]
) -> None:
    """It is late, by its jitter or for want of a scheduler, and never due again after the edit."""
    clock = VirtualClock(START)
    async with open_works(database, clock=clock) as works:
        flow = await flow_of(works, clock, schedule)
        clock.jump(SIX + 2 * MINUTE)
        await edit(works, clock, flow, 2)
        clock.jump(SIX + 61 * MINUTE)
        assert await fire(works) == 1
        await until(works.pool, due("COMPLETED", SIX), 1)
        assert await works.pool.fetchval("SELECT workflow_version FROM executions") == 2
        assert await count(works) == 0


async def waiting(works: Works, clock: VirtualClock) -> Workflow:
    """A workflow of which the last time waits for the end of the one before."""
    ends_at = (SIX + MINUTE).isoformat()
    flow = await by_the_minute(works, clock, overlap="queue", ends_at=ends_at)
    clock.jump(SIX)
    await until(works.pool, due("WAITING", SIX), 1)
    clock.jump(SIX + MINUTE)
    await until(works.pool, WAITS)
    return flow


@pytest.mark.parametrize("off", [None, *OFF])
async def test_the_last_time_that_waits_outlives_an_edit_and_a_rest(
    database: str, off: dict[str, Any] | None
) -> None:
    """It starts once the one before has ended, and then the schedule is over."""
    clock = VirtualClock(START)
    async with house(database, clock) as works:
        flow = await waiting(works, clock)
        if off is not None:
            await edit(works, clock, flow, 2, **off)
            assert await works.pool.fetchval("SELECT is_resting FROM schedules")
        await edit(works, clock, flow, 3)
        assert await works.pool.fetchval(WAITS)
        clock.jump(SIX + 1.6 * MINUTE)
        await until(works.pool, due("COMPLETED", SIX), 1)
        clock.jump(SIX + 1.7 * MINUTE)
        await until(works.pool, due("WAITING", SIX + MINUTE), 1)
        started = "SELECT max(workflow_version) FROM executions"
        assert await works.pool.fetchval(started) == 3
        await until(works.pool, "SELECT count(*) FROM schedules", 0)


async def test_a_rest_ends_what_was_due_and_not_what_waits(database: str) -> None:
    """A time that waits is not lost with the next one, which had come in that rest."""
    clock = VirtualClock(START)
    async with open_works(database, clock=clock) as works:
        flow = await flow_of(works, clock, ONCE | {"overlap": "queue"})
        queued = "UPDATE schedules SET queued_at = $1"
        await works.pool.execute(queued, SIX - timedelta(days=1))
        await edit(works, clock, flow, 2, is_active=False)
        clock.jump(SIX + MINUTE)
        await edit(works, clock, flow, 3)
        assert await works.pool.fetchval(WAITS)
        assert await fire(works) == 0


@pytest.mark.parametrize(
    "triggers",
    [
        [],
        [{"id": "tock", "kind": "schedule", "schedule": ONCE}],
        [{"id": "tick", "kind": "schedule", "schedule": ONCE | {"catch_up": "skip"}}],
        [{"id": "tick", "kind": "manual"}],
    ],
)
async def test_a_time_goes_with_its_trigger_and_with_its_schedule(
    database: str, triggers: list[dict[str, Any]]
) -> None:
    """What another version no longer says, or says otherwise, is not due."""
    clock = VirtualClock(START)
    async with open_works(database, clock=clock) as works:
        flow = await flow_of(works, clock, ONCE)
        clock.jump(SIX + 2 * MINUTE)
        await edit(works, clock, flow, 2, source={"triggers": triggers})
        assert await count(works) == 0


@pytest.mark.parametrize("off", OFF)
async def test_what_was_due_before_a_rest_is_left_to_a_backfill(
    database: str, off: dict[str, Any]
) -> None:
    """The last time, too, of a schedule that has rested for what it knows: that is over then."""
    clock = VirtualClock(START)
    ran = "UPDATE schedules SET last_at = $1, last_execution_id = id, last_started_at = $1"
    async with open_works(database, clock=clock) as works:
        flow = await flow_of(works, clock, ONCE)
        await works.pool.execute(ran, START)
        clock.jump(SIX + MINUTE)
        await edit(works, clock, flow, 2, **off)
        assert await count(works) == 1
        await edit(works, clock, flow, 3)
        assert await count(works) == 0


async def test_an_edit_leaves_the_pause_of_a_time_that_is_due(database: str) -> None:
    """Nothing starts; resumed, the schedule is over, as it is without the edit."""
    clock = VirtualClock(START)
    async with open_works(database, clock=clock) as works:
        flow = await flow_of(works, clock, ONCE)
        id_ = ScheduleId(await works.pool.fetchval("SELECT id FROM schedules"))
        clock.jump(SIX + MINUTE)
        async with works.pool.acquire() as conn, conn.transaction():
            await pause_schedule(conn, id_, Pause(clock.now(), "me", None))
        await edit(works, clock, flow, 2)
        assert await fire(works) == 0
        async with works.pool.acquire() as conn, conn.transaction():
            which = ScheduleFilter(environment_id=DEFAULT_ENVIRONMENT)
            (kept,) = await list_schedules(conn, which, after=None, limit=9)
            assert (kept.pause and kept.pause.by, kept.workflow_version) == ("me", 2)
            await resume_schedule(conn, id_, clock.now())
        assert await count(works) == 0
