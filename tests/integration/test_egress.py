"""Outbound HTTP against receivers that misbehave, over real sockets."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import chain, repeat

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.egress.caller import Caller, open_caller
from shared.egress.errors import CallTimeout, RequestRefused, ResponseBroken
from shared.egress.message import Request, Response
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.receiver import OK, Answers, Receiver, Serve, once, sends

DEV = EgressSettings(allow_loopback=True, body_bytes_max=100_000)


def get(url: str, timeout_s: float = 10) -> Request:
    """Ask for a page."""
    return Request(method="GET", url=url, timeout_s=timeout_s)


async def called(serve: Serve, timeout_s: float = 10) -> Response:
    """The response of a fresh caller to this receiver."""
    async with Receiver(serve) as receiver, open_caller(DEV, SystemClock()) as caller:
        return await caller.call(get(receiver.url, timeout_s))


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A caller as in development."""
    async with open_caller(DEV, SystemClock()) as opened:
        yield opened


@asynccontextmanager
async def app(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """A well-behaved server; its URL."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


async def test_a_plain_call(caller: Caller) -> None:
    """Method, path, headers and body arrive as given; status, headers and body come back."""

    async def echo(request: web.Request) -> web.Response:
        assert request.headers["Host"] == f"127.0.0.1:{request.url.port}"
        assert request.headers["Accept-Encoding"] == "identity"
        body = f"{request.method} {request.path_qs} {request.headers['X-Key']} ".encode()
        return web.Response(status=418, body=body + await request.read(), headers={"X-A": "b"})

    async with app(echo) as url:
        response = await caller.call(
            Request(
                method="PATCH",
                url=f"{url}a%2Fb?c=d",
                headers={"X-Key": "k"},
                body=b"{}",
                timeout_s=5,
            )
        )
    assert (response.status, response.headers["x-a"]) == (418, "b")
    assert (response.body, response.truncated) == (b"PATCH /a%2Fb?c=d k {}", False)
    assert 0 < response.duration_s < 5


async def test_redirects_and_cookies() -> None:
    """A redirect comes back as it is, and a cookie set by one response goes to no later request."""
    seen: list[str | None] = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        headers = {"Location": "http://169.254.169.254/", "Set-Cookie": "session=other-tenant"}
        return web.Response(status=307, headers=headers)

    # By name, since cookie jars ignore addresses.
    async with (
        app(redirect) as url,
        open_caller(DEV, SystemClock(), Answers(["127.0.0.1"])) as caller,
    ):
        for _ in range(2):
            response = await caller.call(get(url.replace("127.0.0.1", "cookies.test")))
            assert response.status == 307
            assert response.headers["location"] == "http://169.254.169.254/"
    assert seen == [None, None]


async def test_headers_of_any_bytes() -> None:
    """Header bytes that are no UTF-8 come back as text that JSON can carry; repeats are joined."""
    head = OK + b"Content-Length: 0\r\nX-A: caf\xe9\r\nX-B: 1\r\nx-b: 2\r\n\r\n"
    response = await called(sends(once(head)))
    assert response.headers == {"content-length": "0", "x-a": "caf\xe9", "x-b": "1, 2"}


BROKEN = {
    "closed at once": b"",
    "not HTTP": b"220 mail.example ESMTP\r\n\r\n",
    "nothing but NUL": b"\0" * 10_000,
    "half a head": OK + b"X-A: b",
    "a header folded into control characters": OK + b"X\x00: y\r\n\r\n",
    "a long header value": OK + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "a long header name": OK + b"a" * 100_000 + b": b\r\n\r\n",
    "long headers together": OK + (b"X: " + b"a" * 1_000 + b"\r\n") * 40 + b"\r\n",
    "100,000 headers": OK + b"a:b\r\n" * 100_000,
    "a length too long": OK + b"Content-Length: 9\r\n\r\nshort",
    "a negative length": OK + b"Content-Length: -1\r\n\r\n",
    "a length of words": OK + b"Content-Length: many\r\n\r\n",
    "a chunk size of words": OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    "a chunk cut short": OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nshort",
    "no last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    "gzip that is none": OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_responses(answer: bytes) -> None:
    """A response cut off, no HTTP or too large in its headers is ResponseBroken, and no other."""
    with pytest.raises(ResponseBroken):
        await called(sends(once(answer)))


SLOW = {
    "hangs before the headers": sends(once(), hold=True),
    "hangs in the headers": sends(once(OK + b"X-A: "), hold=True),
    "hangs in the body": sends(once(OK + b"Content-Length: 5\r\n\r\nab"), hold=True),
    "drips headers": sends(lambda: chain([OK, b"X-A: "], repeat(b"a")), every_s=0.01),
    "drips a body": sends(lambda: chain([OK, b"\r\n"], repeat(b"a")), every_s=0.01),
    "floods with 1xx": sends(lambda: repeat(b"HTTP/1.1 102 Processing\r\n\r\n" * 50)),
}


@pytest.mark.parametrize("serve", SLOW.values(), ids=SLOW.keys())
async def test_slow_responses(serve: Serve) -> None:
    """A call ends at its timeout however the receiver keeps it waiting."""
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(CallTimeout):
        await called(serve, timeout_s=0.2)
    assert 0.2 <= clock.monotonic() - started < 5


async def test_timeout_has_a_ceiling() -> None:
    """A call cannot ask for more time than the settings grant."""
    settings = EgressSettings(allow_loopback=True, timeout_s_max=0.1)
    async with (
        Receiver(sends(once(), hold=True)) as receiver,
        open_caller(settings, SystemClock()) as caller,
    ):
        with pytest.raises(CallTimeout):
            await caller.call(get(receiver.url, timeout_s=3_600))


async def test_endless_body(caller: Caller) -> None:
    """Of a body without end the first bytes are kept, and the receiver is hung up on."""
    endless = sends(lambda: chain([OK, b"\r\n"], repeat(b"a" * 10_000)))
    async with Receiver(endless) as receiver:
        response = await caller.call(get(receiver.url))
        assert response.body == b"a" * DEV.body_bytes_max
        assert response.truncated
        await asyncio.wait_for(receiver.disconnected.wait(), timeout=10)


async def test_body_at_its_limit() -> None:
    """A body of exactly the limit is whole; one byte more and it is truncated."""
    for size, truncated in ((DEV.body_bytes_max, False), (DEV.body_bytes_max + 1, True)):
        head = OK + b"Content-Length: %d\r\n\r\n" % size
        response = await called(sends(once(head, b"a" * size)))
        assert (len(response.body), response.truncated) == (DEV.body_bytes_max, truncated)


async def test_gzip_bomb() -> None:
    """Decompressed bytes count towards the limit, and no more memory than a few MB is taken."""
    bomb = gzip.compress(bytes(100_000_000), compresslevel=1)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    tracemalloc.start()
    try:
        response = await called(sends(once(head, bomb)))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.truncated
    assert response.body == bytes(DEV.body_bytes_max)
    assert peak_bytes < 5_000_000


async def test_no_response_is_left_for_the_next(caller: Caller) -> None:
    """Bytes after a response are never taken for the response to a later request."""
    twice = OK + b"Content-Length: 5\r\n\r\nfirst" + OK + b"Content-Length: 6\r\n\r\npoison"
    async with Receiver(sends(once(twice), hold=True)) as receiver:
        for _ in range(3):
            assert (await caller.call(get(receiver.url))).body == b"first"
        assert receiver.connections == 3


async def test_connections_are_reused(caller: Caller) -> None:
    """Calls one after the other share a connection."""

    async def transport(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peername")))

    async with app(transport) as url:
        assert len({(await caller.call(get(url))).body for _ in range(3)}) == 1


async def test_no_proxy_from_the_environment(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy named in the environment is not used: it would connect where nobody checks."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with Receiver(sends(once(OK + b"Content-Length: 2\r\n\r\nok"))) as receiver:
        assert (await caller.call(get(receiver.url))).body == b"ok"


async def test_templates_cannot_split_the_request(caller: Caller) -> None:
    """A line break in a header is refused before any connection is made."""
    async with Receiver(sends(once(OK + b"\r\n"))) as receiver:
        request = Request(
            method="GET", url=receiver.url, headers={"X": "a\r\nHost: b"}, timeout_s=5
        )
        with pytest.raises(RequestRefused):
            await caller.call(request)
        assert receiver.connections == 0


async def test_cancelling_a_call(caller: Caller) -> None:
    """A cancelled call ends at once as cancelled, and its connection is closed."""
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    async with Receiver(hang) as receiver, asyncio.timeout(10):
        call = asyncio.create_task(caller.call(get(receiver.url)))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await receiver.disconnected.wait()
