"""``turnout serve all``: who asks the API holds up nobody in its process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from shared.assembly.platform import open_platform
from shared.assembly.settings import ProcessSettings
from tests.integration.cli.command import running
from tests.support.house import House
from tests.support.postgres import connected
from tests.support.works import NOTE, workflow

pytestmark = pytest.mark.xdist_group("cli")

POOL_MAX = 8
HELD = 2
"""Half of those that no role keeps."""
ASKED = 3 * POOL_MAX
TOKEN = "a-token-for-tests-only"
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'event_types'::regclass AND NOT granted"
ENDED = "SELECT count(*) FROM executions WHERE status = 'COMPLETED'"


@asynccontextmanager
async def locked(dsn: str) -> AsyncIterator[None]:
    """A table that nobody can read meanwhile."""
    async with connected(dsn) as conn, conn.transaction():
        await conn.execute("LOCK TABLE event_types IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def serving(folder: Path, dsn: str, port: int) -> AsyncIterator[aiohttp.ClientSession]:
    """``turnout serve all``, and who may ask it."""
    env = {
        "DATABASE_URL": dsn,
        "TURNOUT_ADMIN__PORT": "0",
        "TURNOUT_POOL_MAX": str(POOL_MAX),
        "TURNOUT_PORT": str(port),
        "TURNOUT_TOKEN": TOKEN,
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with running("serve", "all", "--json", folder=folder, env=env) as process:
        process.said()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            yield client


async def test_stuck_requests_hold_up_no_execution(
    tmp_path: Path, database: str, held_port: int
) -> None:
    """They hold a share of the connections; those beyond are told to come back."""
    settings = ProcessSettings(database_url=SecretStr(database), member="test")
    async with (
        asyncio.timeout(120),
        serving(tmp_path, database, held_port) as client,
        open_platform(settings) as own,
        connected(database) as conn,
    ):
        house = House(own)
        await house.register(workflow(NOTE))

        async def ask() -> int:
            async with client.get("/v1/event-types") as answer:
                return answer.status

        async def until(query: str, count: int) -> None:
            while await conn.fetchval(query) < count:
                await asyncio.sleep(0.05)

        await house.send("go", {})
        await until(ENDED, 1)
        async with asyncio.TaskGroup() as group, locked(database):
            asked = [group.create_task(ask()) for _ in range(ASKED)]
            await until(WAITING, HELD)
            for _ in range(3):
                await house.send("go", {})
            await until(ENDED, 4)
            assert await conn.fetchval(WAITING) == HELD
        answers = Counter(each.result() for each in asked)
        assert answers[200] >= HELD
        assert answers.keys() <= {200, 503}
        assert await ask() == 200
