"""An api that is told to stop and goes on serving, until its load balancer has noticed."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import STOP, ApiResources
from services.api.serve import api
from services.api.settings import ApiRoleSettings, ApiSettings
from shared.assembly.platform import open_platform
from shared.runtime.roles import keep
from tests.integration.api.test_server_log import TOKEN, asked
from tests.integration.api.test_sync import WAIT, sync
from tests.support.eventually import eventually
from tests.support.house import settings_of
from tests.support.still_clock import StillClock

LONG_S: Final = 20.0
ASKED = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_callers_are_told_that_their_connection_ends(database: str, held_port: int) -> None:
    """An answer after which the connection is closed says so: nobody sends into it once more."""
    token = SecretStr(TOKEN)
    given = settings_of(database, token=token, port=held_port, api={"leave_s": 60})
    settings, stop = ApiRoleSettings(**given), asyncio.Event()
    async with open_platform(settings) as platform:
        role = asyncio.create_task(keep("api", api(platform, settings), platform.health, stop=stop))
        await eventually(lambda: platform.health.is_ready)
        stop.set()
        await eventually(lambda: not platform.health.is_ready)
        head, _, _ = (await asked(held_port, ASKED)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert head.count(b"Connection: close") == 1
        role.cancel()
        await asyncio.wait([role])


class Looking(StillClock):
    """Tells that somebody has looked in vain and is about to look again."""

    sleeps = 0

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        await super().sleep(seconds)


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("workflows/{id}/executions", None, 202, "execution_id"),
        ("tasks/poll", {"actions": ["ship"], "wait_s": LONG_S}, 200, "items"),
    ],
)
async def test_callers_that_wait_are_answered_before_the_end(
    resources: ApiResources, path: str, body: Any, status: int, told: str
) -> None:
    """Soon after the stop, and long before they would be: their connections would be cut."""
    clock = Looking()
    app = build_app(replace(resources, clock=clock), ApiSettings())
    app[STOP] = asyncio.Event()
    async with TestClient(TestServer(app)) as client:
        definition = sync(WAIT, policy={"max_sync_s": LONG_S})
        made = await (await client.post("/v1/workflows", json=definition)).json()
        asking = asyncio.create_task(client.post(f"/v1/{path.format(id=made['id'])}", json=body))
        await eventually(lambda: clock.sleeps > 0)
        app[STOP].set()

        def is_answered() -> bool:
            # Whoever waits sees the stop a moment after it; the clock moves until then.
            clock.by_s = min(clock.by_s + 0.05, LONG_S / 2)
            return asking.done()

        await eventually(is_answered)
        answered = await asking
        assert (answered.status, told in await answered.json()) == (status, True)
