"""What is no HTTP is told to its sender, and fills nobody's log."""

import asyncio

import pytest
from pydantic import SecretStr

from services.api.serve import api
from services.api.settings import ApiRoleSettings
from shared.assembly.platform import open_platform
from shared.runtime.roles import keep
from tests.support.eventually import eventually
from tests.support.house import settings_of

CANARY = "canary-4711"
NO_HTTP = {
    "a header with a control character": b"GET /v1/live HTTP/1.1\r\nx-api-key: %b\x00\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n x-api-key: %b\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nX: %b\r\n\r\n",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\nX: %b\r\n\r\n0\r\n\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nX: %b" + b"x" * 20_000 + b"\r\n\r\n",
    "another version": b"GET / HTTP/x.y\r\nX: %b\r\n\r\n",
}


async def asked(port: int, said: bytes) -> bytes:
    """The first line that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()
    return line


async def test_what_is_no_http_leaves_no_trace(
    database: str, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """400, and not a word of it in the log of a role that goes on serving."""
    given = settings_of(database, token=SecretStr("0123456789abcdef"), port=unused_tcp_port)
    settings, stop = ApiRoleSettings(**given), asyncio.Event()
    async with open_platform(settings) as platform:
        role = asyncio.create_task(keep("api", api(platform, settings), platform.health, stop=stop))
        await eventually(lambda: platform.health.is_ready)
        for name, said in NO_HTTP.items():
            line = await asked(unused_tcp_port, said.replace(b"%b", CANARY.encode()))
            assert b" 400 " in line, name
        fine = await asked(unused_tcp_port, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in fine
        stop.set()
        await role
    assert CANARY not in caplog.text
    assert "Traceback" not in caplog.text
