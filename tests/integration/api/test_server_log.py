"""What is no HTTP is told to its sender, and fills nobody's log."""

import asyncio
import re

import orjson
import pytest
from pydantic import SecretStr

from services.api.serve import api
from services.api.settings import ApiRoleSettings
from shared.assembly.platform import open_platform
from shared.runtime.roles import keep
from tests.support.eventually import eventually
from tests.support.house import settings_of

TOKEN = "0123456789abcdef"
CANARY = "canary-4711"
EVENT = (
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: %b\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
NO_HTTP = {
    "a header with a control character": b"GET /v1/live HTTP/1.1\r\nx-api-key: %b\x00\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n x-api-key: %b\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\nX: %b\r\n\r\n",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\nX: %b\r\n\r\n0\r\n\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nX: %b" + b"x" * 20_000 + b"\r\n\r\n",
    "another version": b"GET / HTTP/x.y\r\nX: %b\r\n\r\n",
    "no method": b"%b\r\n\r\n",
    "a line without end": b"GET /%b" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "a hello of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03%b\r\n\r\n",
    "a second request": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n%b\r\n\r\n",
}
NO_BODY = {
    "a chunk of no length": b"%b\r\n",
    "a negative chunk": b"-5\r\n%b\r\n",
    "a chunk longer than said": b"2\r\n%b\r\n",
}
NO_GZIP = EVENT.replace(b"Host:", b"Content-Encoding: gzip\r\nHost:") + b"c\r\n%b\r\n0\r\n\r\n"


async def asked(port: int, said: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    answers = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    await writer.wait_closed()
    return answers


def check_refusal(name: str, answers: bytes, status: int = 400) -> None:
    """The last answer refuses as every other, and names neither library nor what was sent."""
    head, _, body = re.split(rb"HTTP/1\.[01] ", answers)[-1].partition(b"\r\n\r\n")
    assert head.startswith(b"%d " % status), name
    assert b"Content-Type: application/problem+json\r\n" in head, name
    assert b"Server: turnout\r\n" in head, name
    assert orjson.loads(body)["status"] == status, name
    assert not re.search(rb"python|aiohttp", answers, re.IGNORECASE), name
    assert CANARY.encode() not in answers, name


async def test_what_is_no_http_leaves_no_trace(
    database: str, held_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """400 or 415, and not a word of it in the log of a role that goes on serving."""
    given = settings_of(database, token=SecretStr(TOKEN), port=held_port)
    settings, stop = ApiRoleSettings(**given), asyncio.Event()
    async with open_platform(settings) as platform:
        role = asyncio.create_task(keep("api", api(platform, settings), platform.health, stop=stop))
        await eventually(lambda: platform.health.is_ready)
        for name, said in NO_HTTP.items():
            check_refusal(name, await asked(held_port, said.replace(b"%b", CANARY.encode())))
        for name, said in NO_BODY.items():
            chunks = EVENT % TOKEN.encode() + said.replace(b"%b", CANARY.encode())
            check_refusal(name, await asked(held_port, chunks))
        packed = NO_GZIP % (TOKEN.encode(), CANARY.encode())
        check_refusal("no gzip", await asked(held_port, packed))
        for coding in (b"br", b"zstd"):
            other = packed.replace(b": gzip", b": " + coding)
            check_refusal("another coding", await asked(held_port, other), 415)
        old = await asked(held_port, b"GET /v1/workflows\r\n\r\n")
        assert old.startswith(b"HTTP/0.9 401 "), "a request of HTTP/0.9 is let in by nobody"
        fine = await asked(
            held_port, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert b" 200 " in fine
        stop.set()
        await role
    assert CANARY not in caplog.text
    assert "Traceback" not in caplog.text
