"""Outbound HTTP against receivers that mean harm: what it costs, and whom."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import chain, repeat
from pathlib import Path

import pytest

from services.executor.actions.http_request import HttpRequest
from shared.domain.outcomes import ErrorKind, Failed
from shared.egress.caller import Caller, open_caller
from shared.egress.errors import CallTimeout, ResponseBroken
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.hostile import FINE, broken, fine, never_done, too_large
from tests.support.receiver import OK, Receiver, Serve, once, sends
from tests.unit.executor.calls import call

DEV = EgressSettings(allow_loopback=True)
GROWN_BYTES_MAX = 20_000_000
AWAY = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def get(url: str, timeout_s: float = 10) -> Request:
    """Ask for a page."""
    return Request(method="GET", url=url, timeout_s=timeout_s)


def at_first(hostile: Serve) -> Serve:
    """Hostile on the first connection, fine on all others."""
    serve = iter(chain([hostile], repeat(fine)))

    async def take_turns(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(serve)(reader, writer)

    return take_turns


def cases(found: Mapping[str, Serve]) -> list[object]:
    """As parameters of a test."""
    return [pytest.param(serve, id=name.replace(" ", "-")) for name, serve in found.items()]


@pytest.mark.parametrize("hostile", cases(too_large()))
async def test_of_what_is_too_large_the_beginning_is_kept(hostile: Serve) -> None:
    """The answer says that it was cut; its connection is not used again."""
    async with Receiver(at_first(hostile)) as receiver, open_caller(DEV, SystemClock()) as caller:
        response = await caller.call(get(receiver.url))
        assert response.truncated
        assert len(response.body) == DEV.body_bytes_max
        await _all_is_fine(caller, receiver)


@pytest.mark.parametrize("hostile", cases(broken()))
async def test_what_is_no_answer_is_refused(hostile: Serve) -> None:
    """At once, as broken; its connection is not used again."""
    async with Receiver(at_first(hostile)) as receiver, open_caller(DEV, SystemClock()) as caller:
        with pytest.raises(ResponseBroken):
            await caller.call(get(receiver.url))
        await _all_is_fine(caller, receiver)


@pytest.mark.parametrize("hostile", cases(never_done()))
async def test_what_is_never_done_ends_in_time(hostile: Serve) -> None:
    """And other calls go on meanwhile; its connection is not used again."""
    async with Receiver(at_first(hostile)) as receiver, open_caller(DEV, SystemClock()) as caller:
        hanging = asyncio.create_task(caller.call(get(receiver.url, timeout_s=0.5)))
        async with asyncio.timeout(10):
            while not receiver.connections:
                await asyncio.sleep(0)
        assert (await caller.call(get(receiver.url))).body == b"fine"
        with pytest.raises(CallTimeout):
            await hanging
        await _all_is_fine(caller, receiver)


async def _all_is_fine(caller: Caller, receiver: Receiver) -> None:
    assert (await caller.call(get(receiver.url))).body == b"fine"
    assert receiver.connections == 2


@pytest.mark.parametrize(
    ("hostile", "timeout_s", "reason"),
    [
        (too_large()["a gzip bomb"], 20, (ErrorKind.TOO_LARGE, False)),
        (broken()["headers without end"], 20, (ErrorKind.UNREACHABLE, True)),
        (never_done()["1xx without end"], 0.5, (ErrorKind.TIMEOUT, True)),
        (sends(once(AWAY)), 20, (ErrorKind.HTTP, False)),
    ],
)
async def test_a_step_fails_with_its_reason(
    hostile: Serve, timeout_s: float, reason: tuple[ErrorKind, bool]
) -> None:
    """And with whether another attempt is worth it."""
    async with Receiver(hostile) as receiver, open_caller(DEV, SystemClock()) as caller:
        outcome = await HttpRequest(caller)(call({"url": receiver.url}, timeout_s=timeout_s))
        assert isinstance(outcome, Failed)
        assert (outcome.error.kind, outcome.error.retryable) == reason


async def test_http_1_0() -> None:
    """An answer of an old server ends with its connection."""
    old = sends(once(b"HTTP/1.0 200 OK\r\n\r\nhello"))
    async with Receiver(at_first(old)) as receiver, open_caller(DEV, SystemClock()) as caller:
        assert (await caller.call(get(receiver.url))).body == b"hello"
        await _all_is_fine(caller, receiver)


async def test_a_redirect_without_end() -> None:
    """It is an answer like others: one call, one connection, no second request."""
    async with (
        Receiver(sends(once(AWAY))) as receiver,
        open_caller(DEV, SystemClock()) as caller,
    ):
        response = await caller.call(get(receiver.url))
        assert (response.status, response.headers["location"]) == (302, "/")
        assert receiver.connections == 1


async def test_an_unused_connection_hears_nothing() -> None:
    """What comes when nobody asked ends the connection, and is no answer to the next call."""
    asked, done = asyncio.Event(), asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FINE)
        await asked.wait()
        writer.write(OK + b"Content-Length: 6\r\n\r\npoison")
        assert await reader.read() == b"", "the connection ended, without another request"
        done.set()

    async with Receiver(at_first(late)) as receiver, open_caller(DEV, SystemClock()) as caller:
        assert (await caller.call(get(receiver.url))).body == b"fine"
        asked.set()
        await asyncio.wait_for(done.wait(), timeout=10)
        await _all_is_fine(caller, receiver)


CALLS = """
import asyncio, json, sys
from shared.egress.caller import open_caller
from shared.egress.message import Request
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.memory import peak_bytes

async def main(fine, hostile):
    grown = {}
    async with open_caller(EgressSettings(allow_loopback=True), SystemClock()) as caller:
        async def call(url, timeout_s):
            try:
                await caller.call(Request(method="GET", url=url, timeout_s=timeout_s))
            except Exception as error:
                return error
        for _ in range(20):
            assert await call(fine, 10) is None
        for url, timeout_s in hostile.items():
            before = peak_bytes()
            await call(url, timeout_s)
            grown[url] = peak_bytes() - before
    print(json.dumps(grown))

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it asks /proc")
async def test_nobody_takes_our_memory() -> None:
    """All of them together leave a process of calls less than 20 MB larger than it was."""
    endless = never_done()
    async with AsyncExitStack() as opened:
        names: dict[str, str] = {}
        for name, serve in {**too_large(), **broken(), **endless}.items():
            receiver = await opened.enter_async_context(Receiver(serve))
            names[receiver.url] = name
        hostile = {url: 0.5 if name in endless else 5 for url, name in names.items()}
        good = await opened.enter_async_context(Receiver(fine))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CALLS, good.url, json.dumps(hostile)),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            said, _ = await process.communicate()
    assert process.returncode == 0
    grown = {names[url]: size for url, size in json.loads(said).items()}
    assert sum(grown.values()) < GROWN_BYTES_MAX, {n: s for n, s in grown.items() if s > 10**6}
