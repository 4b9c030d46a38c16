"""Many schedules that are due at once: nobody else waits for them, and late is what is late."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from services.scheduler import fire_schedules as module
from services.scheduler.fire_schedules import fire_due
from services.scheduler.metrics import SchedulerMetrics
from shared.runtime.environment_names import EnvironmentNames
from tests.integration.test_schedules import fire
from tests.integration.test_step_schedules import DONE, set_up
from tests.support.virtual_clock import VirtualClock
from tests.support.works import NOTE, Works, open_works, transform, until, workflow

EVENING = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = {"kind": "cron", "value": "@hourly"}
ENVIRONMENT = (
    "INSERT INTO environments (id, organisation_id, name, created_at)"
    " SELECT $1, e.organisation_id, 'more', e.created_at FROM environments AS e LIMIT 1"
)
LATE_SUM = "turnout_schedule_late_seconds_sum"


class SlowClock(VirtualClock):
    """Between any two looks at the stopwatch half a second goes by."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self._s = 0.0
        self.turns = 0
        self.seen: list[int] = []

    def monotonic(self) -> float:
        """Notes how many turns of the loop others have had by then."""
        self._s += 0.5
        self.seen.append(self.turns)
        return self._s

    async def count(self) -> None:
        """Take a turn of the loop, and another one."""
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def hourly(works: Works, at: datetime, triggers: int = 1, **changes: Any) -> None:
    """A workflow with so many schedules, saved at ``at``."""
    flow = {
        "name": "w",
        "triggers": [{"kind": "schedule", "schedule": HOURLY} for _ in range(triggers)],
        "steps": [NOTE],
    }
    await works.register(flow, created_at=at, updated_at=at, **changes)


async def test_schedules_that_take_long_are_done_in_several_rounds(database: str) -> None:
    """What is left is still due; in each round others have their turns between any two."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        await works.crash()
        await hourly(works, EVENING, triggers=5)
        clock.jump(EVENING + HOUR)
        slow = SlowClock(clock.now())
        slowly = replace(works, platform=replace(works.platform, clock=slow))
        async with asyncio.TaskGroup() as group:
            counting = group.create_task(slow.count())
            first = await fire(slowly)
            seen = [*slow.seen]
            rest = [await fire(slowly) for _ in range(2)]
            counting.cancel()
        assert [first, *rest] == [3, 2, 0]
        assert sum(before < after for before, after in pairwise(seen)) == first - 1


async def test_environments_have_their_turns(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has more due than a round starts, and for longer, keeps nobody's from starting."""
    monkeypatch.setattr(module, "AT_ONCE", 2)
    clock, other = VirtualClock(EVENING), uuid4()
    async with open_works(database, clock=clock) as works:
        await works.crash()
        await works.pool.execute(ENVIRONMENT, other)
        await hourly(works, EVENING, triggers=9)
        await hourly(works, EVENING + HOUR, environment_id=other)
        clock.jump(EVENING + 2 * HOUR)
        assert await fire(works) == 2
        started = "SELECT environment_id FROM schedules WHERE last_at IS NOT NULL"
        found = {row["environment_id"] for row in await works.pool.fetch(started)}
        assert (len(found), other in found) == (2, True)


async def test_what_rested_is_late_since_it_can_start(database: str) -> None:
    """Nobody was late while the workflow was off: a schedule of a step makes up for that."""
    clock = VirtualClock(EVENING)
    async with open_works(database, clock=clock) as works:
        flow = workflow({**transform("work", "1"), "schedule": HOURLY})
        first = await works.register(flow, updated_at=EVENING)
        await set_up(works, first)
        off = EVENING + HOUR / 10
        await works.register(flow, id=first.id, version=2, is_active=False, updated_at=off)
        clock.jump(EVENING + 2 * HOUR)
        await works.register(flow, id=first.id, version=3, updated_at=clock.now())
        clock.jump(clock.now() + timedelta(seconds=3))
        registry = CollectorRegistry()
        metrics = SchedulerMetrics(registry, EnvironmentNames())
        assert await fire_due(works.platform, metrics) == 1
        assert registry.get_sample_value(LATE_SUM) == 3.0
        await until(works.pool, DONE, 2)
