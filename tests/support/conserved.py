"""A history to be looked through by ``turnout doctor conservation``, and copies to tamper with."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio
from pydantic import SecretStr

from services.cli.doctor.conservation.report import Report
from services.cli.doctor.conservation.walk import Asked, check_conservation
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.settings import IngestSettings
from shared.bus.local import open_local_bus
from shared.bus.protocol import Bus
from shared.db.conservation import Span
from shared.db.pool import Pool, open_pool
from shared.runtime.clock import SystemClock
from shared.runtime.settings import PostgresSettings
from tests.support.eventually import eventually
from tests.support.house import House, open_house, settings_of
from tests.support.postgres import drop, execute, sibling
from tests.support.works import transform, until

EVENTS = 12
HOUR = timedelta(hours=1)
PASSED = (
    "SELECT bool_and(coalesce(s.position, 0) >= p.next_offset) FROM bus_partitions AS p"
    " JOIN bus_topics AS t USING (topic_id) LEFT JOIN bus_positions AS s"
    " ON (s.topic_id, s.partition, s.group_name) = (p.topic_id, p.partition, 'turnout.matcher')"
    " WHERE t.name = 'turnout.triggers'"
)
"""Whether the matcher has passed every event, and says so."""


async def work(house: House) -> None:
    """Events of every kind; a workflow that calls another, repeats a step, fails, or does not."""
    called = await house.register(
        {"name": "called", "triggers": [], "steps": [transform("say", "payload.n * 2")]}
    )
    await house.register(
        {
            "name": "caller",
            "triggers": [{"event_name": "go"}],
            "run_if": "payload.n > 1",
            "steps": [
                transform("first", "payload.n"),
                {
                    "id": "call",
                    "kind": "subworkflow",
                    "subworkflow": {"workflow_id": str(called.id)},
                    "input": {"src": {"n": 3}},
                },
                {**transform("fails", "$error('no')"), "on_failure": "continue"},
            ],
        }
    )
    for n in range(EVENTS):
        await house.send("go", {"n": n}, id=f"e{n}")
    await house.send("go", {"n": 5}, id="e5")
    await house.send("go", {"n": 6}, id="e5")
    await house.send("other", {}, id="other")
    await house.publish(b"what is this")


async def worked(house: House) -> None:
    """Return when the work is done: each execution calls another."""
    started = 2 * (EVENTS - 2)
    question = "SELECT count(*) FROM executions WHERE finished_at IS NOT NULL"
    await until(house.platform.pool, question, started)
    await eventually(lambda: house.phases().count("completed") == started)


async def looked_at(
    pool: Pool,
    bus: Bus,
    settings: dict[str, Any],
    *,
    since: datetime | None = None,
    later: timedelta = timedelta(0),
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """What the walk finds of the last hour, or ``since`` a time; as if it was looked ``later``."""
    now = datetime.now(UTC)
    asked = Asked(
        span=Span(from_at=since or now - HOUR, to_at=now),
        now=now + later,
        environment_id=None,
        ingest=IngestSettings(**settings),
        matcher=MatcherSettings(**settings),
    )
    return await check_conservation(pool, bus, asked, tell)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ran(postgres: str, migrated_template: str) -> AsyncIterator[str]:
    """The name of a database after a run; its workflows are older than its events by an hour."""
    name = f"ran_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    async with open_house(sibling(postgres, name)) as house:
        await work(house)
        await worked(house)
        await until(house.platform.pool, PASSED)  # of what is under way nothing is missed yet
        await house.platform.pool.execute(
            "UPDATE workflow_changes SET changed_at = changed_at - interval '1 hour'"
        )
    yield name
    await drop(postgres, name)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a database, to be tampered with."""

    pool: Pool
    bus: Bus
    dsn: str

    async def report(self, *, later: timedelta = timedelta(0)) -> Report:
        """What the walk finds now, or would find of it later."""
        return await looked_at(self.pool, self.bus, settings_of(self.dsn), later=later)

    async def found(self) -> set[tuple[str, str]]:
        """What is wrong, by code and id."""
        return {(f.code, f.id) for f in (await self.report()).findings.values()}


@pytest_asyncio.fixture
async def copy(postgres: str, ran: str) -> AsyncIterator[Copy]:
    """A fresh copy of what ran."""
    name = f"copy_{uuid4().hex}"
    await execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{ran}"')
    dsn = sibling(postgres, name)
    async with (
        open_pool(PostgresSettings(dsn=SecretStr(dsn))) as pool,
        open_local_bus(pool, SystemClock()) as bus,
    ):
        yield Copy(pool, bus, dsn)
    await drop(postgres, name)
