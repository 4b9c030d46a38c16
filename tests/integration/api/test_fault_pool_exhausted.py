"""Callers who hold every connection of an API hold up nobody but its other callers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.api import resources
from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from tests.support.house import House, settings_of
from tests.support.postgres import connected
from tests.support.served import Client, open_api
from tests.support.works import NOTE, all_ended, caught_up, open_works, start, until, workflow

POOL_MAX = 4
HELD = POOL_MAX
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'event_types'::regclass AND NOT granted"
SEEN = "SELECT min(seen_at) {} FROM bus_members WHERE group_name = 'turnout.executor'"


@asynccontextmanager
async def stuck(dsn: str, client: Client) -> AsyncIterator[list["asyncio.Task[int]"]]:
    """Requests that wait for a table which somebody has locked, more than there are connections."""

    async def ask() -> int:
        async with client.get("/v1/event-types") as answer:
            return answer.status

    async with asyncio.TaskGroup() as group, connected(dsn) as conn, conn.transaction():
        await conn.execute("LOCK TABLE event_types IN ACCESS EXCLUSIVE MODE")
        asked = [group.create_task(ask()) for _ in range(2 * POOL_MAX)]
        async with asyncio.timeout(60):
            while await conn.fetchval(WAITING) < HELD:
                await asyncio.sleep(0.02)
        yield asked


async def test_who_holds_all_connections_of_an_api_holds_up_no_execution(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are told to come back; the process is ready, and answers as soon as one is free."""
    monkeypatch.setattr(resources, "_CONNECTION_WITHIN_S", 0.5)
    settings = ProcessSettings(**settings_of(database, member="api", pool_max=POOL_MAX))
    async with (
        open_works(database) as works,
        open_platform(settings) as own,
        open_api(House(own)) as client,
    ):
        flow = await works.register(workflow(NOTE))
        await start(works, flow, 5)
        await all_ended(works.pool, 5)
        claimed = "SELECT partition, epoch, owned_at FROM partition_owners ORDER BY partition"
        before = await works.pool.fetch(claimed)
        async with stuck(database, client) as asked:
            async with client.get("/v1/executions") as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "1"
            for path in ("/healthz", "/metrics"):
                async with client.get(path) as answer:
                    assert answer.status == 200, path
            await start(works, flow, 5)
            await all_ended(works.pool, 10)
            await caught_up(works)
            seen_at = await works.pool.fetchval(SEEN.format(""))
            await until(works.pool, SEEN.format(f"> '{seen_at}'"))
            assert await works.pool.fetch(claimed) == before
            assert sum(not each.done() for each in asked) == HELD
        assert Counter(each.result() for each in asked) == {200: HELD, 503: len(asked) - HELD}
        async with client.get("/v1/executions") as answer:
            assert answer.status == 200
