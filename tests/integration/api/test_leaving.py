"""An api that is told to stop and goes on serving, until its load balancer has noticed."""

import asyncio

from pydantic import SecretStr

from services.api.serve import api
from services.api.settings import ApiRoleSettings
from shared.assembly.platform import open_platform
from shared.runtime.roles import keep
from tests.integration.api.test_server_log import TOKEN, asked
from tests.support.eventually import eventually
from tests.support.house import settings_of

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
