"""An environment's conditions hold up no other's, and are set aside when they keep failing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import orjson
import pytest

from services.matcher import late
from shared.db.quarantine import list_quarantines
from shared.db.workflows import lock_changes, write_workflow
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from tests.support.eventually import eventually
from tests.support.house import House, count, open_house
from tests.support.works import until

HOSTILE: Final = "$contains(payload.a & '!', /^(a|a)*$/)"
"""Takes all the time that a condition may."""

HERE: Final = str(DEFAULT_ENVIRONMENT)
OTHER: Final = EnvironmentId(UUID("a0000000-0000-4000-8000-000000000000"))
BAD: Final = {"triggers": [{"event_name": "bad"}], "run_if": HOSTILE, "steps": []}
SLOW: Final = "$sum([1..200].$length($string($$.payload.b))) < 0"
"""Takes some of it, and comes to false."""
COUNT: Final = 12
A_LITTLE_S: Final = 0.05
"""Less than one slow condition takes."""
GO: Final = {"specversion": "1.0", "id": "1", "source": "/s", "type": "go"}
PAYLOAD: Final = {"a": "a" * 40, "b": ["b" * 9] * 2_000}


def value(house: House, name: str, **labels: str) -> float:
    """A metric, 0 while there is none."""
    return house.platform.registry.get_sample_value(name, labels) or 0.0


def decided(house: House, reason: str) -> float:
    """How many decisions there were for a reason."""
    samples = [
        sample
        for metric in house.platform.registry.collect()
        for sample in metric.samples
        if sample.name == "turnout_decisions_total" and sample.labels["reason"] == reason
    ]
    return sum(sample.value for sample in samples)


@asynccontextmanager
async def late_held(house: House) -> AsyncIterator[None]:
    """No late event is gone on with meanwhile, however slow the machine is."""
    async with house.platform.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE late_events IN EXCLUSIVE MODE")
        yield


async def test_slow_conditions_are_decided_beside_the_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one environment wait; an event of another starts meanwhile; none is left out."""
    monkeypatch.setattr(late, "SLICE_S", A_LITTLE_S)
    async with open_house(database, quarantine_after=1_000) as house:
        for number in range(COUNT):
            await house.register({"name": f"bad {number}", **BAD})
        # The last of them by its id, which is decided last, does match.
        good = {"name": "good", "triggers": [{"event_name": "bad"}], "steps": []}
        await house.register(good, id=UUID(int=2**128 - 1))
        other = {"name": "other", "triggers": [{"event_name": "go"}], "steps": []}
        await house.register(other, environment_id=OTHER)
        await eventually(lambda: value(house, "turnout_workflows_live") == COUNT + 2)
        await house.send("bad", PAYLOAD)
        await eventually(lambda: value(house, "turnout_events_late_total", environment=HERE) == 1)
        async with late_held(house):
            await house.publish(orjson.dumps({**GO, "environmentid": str(OTHER)}))
            await eventually(lambda: "completed" in house.phases())
            assert decided(house, "RUN_IF_ERROR") < COUNT
            assert await count(house.platform.pool, "executions") == 1
        await eventually(lambda: house.phases().count("completed") == 2, within_s=60)
        assert decided(house, "RUN_IF_ERROR") == COUNT
        await until(house.platform.pool, "SELECT count(*) FROM late_events", 0)


@pytest.mark.timeout(180)
async def test_a_workflow_that_keeps_exceeding_its_bounds_is_set_aside(database: str) -> None:
    """After so many times; that is noted, and holds until it is written anew."""
    async with open_house(database, quarantine_after=3) as house:
        workflow = await house.register({"name": "bad", **BAD})
        await eventually(lambda: value(house, "turnout_workflows_live") == 1)
        for _ in range(3):
            await house.send("bad", PAYLOAD)
        await eventually(
            lambda: value(house, "turnout_workflows_quarantined_total", environment=HERE) == 1
        )
        async with house.platform.pool.acquire() as conn:
            kept = (await list_quarantines(conn, [workflow]))[workflow.id]
            noted = await conn.fetchrow("SELECT principal, action, target FROM audit_log")
        assert (kept.version, kept.code) == (1, "D1012")
        assert tuple(noted or ()) == ("matcher", "workflow.quarantine", f"workflow:{workflow.id}")
        while not await is_set_aside(house):
            await asyncio.sleep(0.05)
        failed = decided(house, "RUN_IF_ERROR")
        async with house.platform.pool.acquire() as conn, conn.transaction():
            await lock_changes(conn)
            await write_workflow(conn, workflow)
            assert await list_quarantines(conn, [workflow]) == {}
        while not await has_failed_again(house, failed):
            await asyncio.sleep(0.05)


async def test_the_conditions_of_a_step_have_their_time_together(database: str) -> None:
    """A switch with many slow cases fails like one with a slow case, and holds up nobody."""
    cases = [{"handle": f"h{n}", "when": SLOW} for n in range(50)]
    step = {"id": "s", "kind": "switch", "cases": cases}
    async with open_house(database) as house:
        await house.register({"name": "w", "triggers": [{"event_name": "go"}], "steps": [step]})
        await eventually(lambda: value(house, "turnout_workflows_live") == 1)
        await house.send("go", PAYLOAD)
        await eventually(lambda: len(house.results()) == 1)
    assert house.results()[0]["error"]["kind"] == "expression"


async def is_set_aside(house: House) -> bool:
    """Whether the matcher has taken it in: an event meets it set aside."""
    await house.send("bad", PAYLOAD)
    return decided(house, "QUARANTINED") > 0


async def has_failed_again(house: House, before: float) -> bool:
    """Whether an event is tried on it again."""
    await house.send("bad", PAYLOAD)
    return decided(house, "RUN_IF_ERROR") > before
