"""Postgres goes away in the middle: nothing is lost, doubled, left dead, or left behind."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from services.matcher.app import matcher
from services.matcher.settings import MatcherSettings
from services.trigger_ingest.app import trigger_ingest
from services.trigger_ingest.settings import IngestSettings
from shared.assembly.platform import Platform
from shared.bus.local import LocalBus
from shared.bus.protocol import Record
from shared.db.migrate import migrate
from shared.domain.errors import Unavailable
from shared.embedded.postgres import EmbeddedPostgres
from shared.runtime.health import Health
from shared.runtime.roles import keep
from tests.support.eventually import eventually
from tests.support.gated import open_receiver
from tests.support.house import House, count, settings_of
from tests.support.postgres import connected
from tests.support.works import (
    NOTE,
    Roles,
    Works,
    all_ended,
    cancel,
    caught_up,
    check_history,
    open_works,
    start,
    start_command,
    statuses,
    tell,
    transform,
    until,
    workflow,
)

STEPS = [NOTE, transform("sum", "1 + 1"), {**NOTE, "id": "third"}]
LEDGERS = "query LIKE '-- Commits a group%'"


async def terminate(dsn: str, which: str, *, every_s: float, for_s: float) -> int:
    """Break connections of the executor again and again; gives how many."""
    broken = 0
    async with connected(dsn) as conn:
        for _ in range(int(for_s / every_s)):
            rows = await conn.fetch(
                # Returns once they are broken: who asks afterwards is given no dying one.
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'turnout'"
                f" AND {which} LIMIT 3"
            )
            broken += len(rows)
            await asyncio.sleep(every_s)
    return broken


async def check_all_well(works: Works, count: int) -> None:
    """Check that every execution ended as it should."""
    await all_ended(works.pool, count)
    assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
    await caught_up(works)
    await check_history(works)


@pytest.mark.parametrize("which", [LEDGERS, "random() < 0.3"], ids=["ledgers", "any"])
async def test_connections_that_break_lose_and_double_nothing(database: str, which: str) -> None:
    """Whether the last commit counted is unknown each time; each execution ends once all the same.

    The role comes back every time, and leaves neither tasks nor connections behind.
    """
    async with open_works(database) as works:
        flow = await works.register(workflow(*STEPS))
        await start(works, flow)
        await all_ended(works.pool, 1)
        tasks = len(asyncio.all_tasks())
        breaking = asyncio.create_task(terminate(database, which, every_s=0.05, for_s=2))
        commands = [start_command(flow) for _ in range(200)]
        sent = 0
        while sent < len(commands):
            with suppress(Unavailable):  # what is not sure to be sent is sent again
                await tell(works, *commands[sent : sent + 8])
                sent += 8
            await asyncio.sleep(0.06)
        assert await breaking > 3
        await reachable(works)
        await check_all_well(works, 201)
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
        connections = (
            "SELECT count(*) <= 12 FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'turnout'"
        )
        await until(works.pool, connections)


# asyncpg lets nobody take a listener off a connection that broke, and then complains of it.
@pytest.mark.filterwarnings("ignore:.*active notification listener")
async def test_an_event_sent_in_bad_times_starts_its_workflow_once(database: str) -> None:
    """From the source topic to the last result, with every role's connections breaking."""

    def before(platform: Platform) -> Roles:
        kept = settings_of(database, member="one")
        return (
            ("trigger-ingest", trigger_ingest(platform, IngestSettings(**kept))),
            ("matcher", matcher(platform, MatcherSettings(**kept))),
        )

    async with open_works(database, before=before) as house:
        await house.register(workflow(*STEPS))
        breaking = asyncio.create_task(terminate(database, "random() < 0.3", every_s=0.05, for_s=2))
        events = [f"e{n}" for n in range(60)]
        while events:
            with suppress(Unavailable):  # what is not sure to be sent is sent again
                await house.send("go", {}, id=events[-1])
                events.pop()
            await asyncio.sleep(0.03)
        assert await breaking > 3
        await reachable(house)
        await all_ended(house.platform.pool, 60)
        assert set((await statuses(house.platform.pool)).values()) == {"COMPLETED"}
        assert await count(house.platform.pool, "events") == 60
        assert await count(house.platform.pool, "executions") == 60
        await caught_up(house)
        await check_history(house)


async def test_a_crash_of_postgres_is_survived(tmp_path: Path) -> None:
    """The server is killed with all its connections and recovers; so does every execution."""
    async with EmbeddedPostgres(tmp_path) as server:
        await migrate(server.dsn)
        async with open_receiver() as receiver, open_works(server.dsn) as works:
            receiver.gate.clear()
            flow = await works.register(workflow(NOTE, receiver.step(), {**NOTE, "id": "last"}))
            ids = await start(works, flow, 60)
            await eventually(lambda: len(receiver.keys) == 60)
            await cancel(works, ids[0])
            await until(works.pool, "SELECT count(*) FROM executions WHERE status = 'CANCELLED'", 1)
            async with connected(server.dsn) as beside:
                os.kill(await works.pool.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
                await eventually(beside.is_closed)
            receiver.gate.set()
            await recovered(server.dsn)
            await reachable(works)
            await all_ended(works.pool, 60)
            found = await statuses(works.pool)
            assert [id_ for id_, status in found.items() if status != "COMPLETED"] == [ids[0]]
            assert len(set(receiver.keys)) == 60
            await caught_up(works)
            await check_history(works)


async def recovered(dsn: str) -> None:
    """Return when Postgres lets somebody in, which it does after the last old session's end."""
    async with asyncio.timeout(60):
        while True:
            with suppress(asyncpg.PostgresError, OSError):
                async with connected(dsn):
                    return
            await asyncio.sleep(0.05)


async def reachable(works: House) -> None:
    """Return when Postgres answers again."""
    async with asyncio.timeout(60):
        while True:
            try:
                await works.platform.bus.check()
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                return


class Unsteady:
    """Fails some publishes, before or after the real one, as a broker does that hangs up."""

    def __init__(self, publish: Callable[..., Awaitable[None]]) -> None:
        self._publish = publish
        self._calls = 0
        self.failed = 0

    async def __call__(self, records: list[Record]) -> None:
        self._calls += 1
        number = self._calls
        await asyncio.sleep(0.03)
        if number in (3, 10):
            self.failed += 1
            raise Unavailable("cut before")
        await self._publish(records)
        if number == 7:
            self.failed += 1
            raise Unavailable("cut after")


async def test_results_that_may_or_may_not_be_out_come_again_in_order(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing fails before or after the fact; repeats are the same, nothing is missing."""
    async with open_works(database) as works:
        steps = [{**NOTE, "id": f"s{n}"} for n in range(12)]
        flow = await works.register(workflow(*steps))
        bus = works.platform.bus
        assert isinstance(bus, LocalBus)
        whole = bus.publish
        unsteady = Unsteady(whole)
        monkeypatch.setattr(bus, "publish", unsteady)
        started = 0
        async with asyncio.timeout(60):
            while unsteady.failed < 3:
                monkeypatch.setattr(bus, "publish", whole)
                started += len(await start(works, flow, 10))
                monkeypatch.setattr(bus, "publish", unsteady)
                await asyncio.sleep(0.1)
        monkeypatch.setattr(bus, "publish", whole)
        await check_all_well(works, started)


async def test_a_cancelled_role_does_not_come_back() -> None:
    """Also when it ends with Unavailable, as one does whose connections broke at that moment."""
    starts = 0

    async def role(stop: asyncio.Event) -> None:
        nonlocal starts
        starts += 1
        try:
            await stop.wait()
        finally:
            raise Unavailable

    kept = asyncio.create_task(keep("role", role, Health(), stop=asyncio.Event()))
    await eventually(lambda: starts == 1)
    kept.cancel()
    await asyncio.wait([kept], timeout=60)
    assert kept.cancelled()
    assert starts == 1


async def test_a_role_comes_back_whichever_of_its_tasks_fails() -> None:
    """Also when its group of tasks fails while it is being left: no role is silently gone."""
    starts = 0
    stop = asyncio.Event()

    async def fail() -> None:
        raise Unavailable

    async def role(stop: asyncio.Event) -> None:
        nonlocal starts
        starts += 1
        if starts == 3:
            stop.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(stop.wait())

    async with asyncio.timeout(10):
        await keep("role", role, Health(), stop=stop)
    assert starts == 3
