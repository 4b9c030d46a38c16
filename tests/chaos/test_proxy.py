"""Each trouble of the proxy, against a server that echoes."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import pytest

from tests.chaos.proxy import Proxy, Trouble, Way, open_proxy
from tests.support.eventually import eventually

LONG_ENOUGH_S = 0.15
T = TypeVar("T")


@pytest.fixture
async def heard() -> list[bytes]:
    """What the server was sent."""
    return []


@pytest.fixture
async def proxy(heard: list[bytes]) -> AsyncIterator[Proxy]:
    """A proxy in front of a server that echoes."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                heard.append(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, open_proxy(server.sockets[0].getsockname()[1], random.Random(1)) as opened:
        yield opened


class Caller:
    """A client of the echo, through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def echo(self, data: bytes) -> bytes:
        """What comes back for ``data``."""
        self.writer.write(data)
        await self.writer.drain()
        return await self.reader.readexactly(len(data))


async def call(proxy: Proxy) -> Caller:
    """A connection through the proxy."""
    return Caller(*await asyncio.open_connection("127.0.0.1", proxy.port))


async def stays_silent(answer: Awaitable[T]) -> None:
    """See that nothing comes for a while; the caller may not be used any more."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer, LONG_ENOUGH_S)


async def test_without_trouble_everything_passes_both_ways(proxy: Proxy) -> None:
    """Megabytes come back as they went, and an end of one side is the end of the other."""
    caller = await call(proxy)
    data = random.Random(2).randbytes(3_000_000)
    reading = asyncio.ensure_future(caller.reader.readexactly(len(data)))
    caller.writer.write(data)
    await caller.writer.drain()
    assert await reading == data
    caller.writer.write_eof()
    assert await caller.reader.read() == b""
    caller.writer.close()


async def test_latency_delays_a_live_connection(proxy: Proxy) -> None:
    """A round trip takes the delay of both directions, and order is kept."""
    caller = await call(proxy)
    assert await caller.echo(b"quick") == b"quick"
    with proxy.troubled(Trouble(latency_s=0.1, jitter_s=0.05)):
        started = asyncio.get_running_loop().time()
        assert await caller.echo(b"slow") == b"slow"
        assert asyncio.get_running_loop().time() - started >= 0.1
    caller.writer.close()


async def test_a_reset_reaches_the_client_as_a_reset(proxy: Proxy) -> None:
    """Not as an end of the stream: the client can tell that something was lost."""
    caller = await call(proxy)
    await caller.echo(b"x")
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        await caller.reader.read()
    caller.writer.close()


async def test_a_black_hole_is_silent_and_goes_on_when_it_heals(
    proxy: Proxy, heard: list[bytes]
) -> None:
    """Nothing passes and nobody is told; afterwards the bytes arrive, as TCP sends them again."""
    caller = await call(proxy)
    await caller.echo(b"before")
    with proxy.troubled(Trouble(cut=Way.BOTH)):
        waiting = asyncio.ensure_future(caller.echo(b"held"))
        new = await call(proxy)
        await stays_silent(new.echo(b"new"))
        assert not waiting.done()
        assert heard == [b"before"]
    assert await waiting == b"held"
    caller.writer.close()
    new.writer.close()


async def test_a_lost_answer_leaves_the_work_done(proxy: Proxy, heard: list[bytes]) -> None:
    """With the way to the client cut, the server does what it was sent and nobody hears of it."""
    caller = await call(proxy)
    with proxy.troubled(Trouble(cut=Way.TO_CLIENT), loses=True):
        await stays_silent(caller.echo(b"commit"))
        await eventually(lambda: heard == [b"commit"])
    with pytest.raises(ConnectionResetError):
        await caller.reader.read()
    caller.writer.close()


async def test_a_lost_request_never_arrives(proxy: Proxy, heard: list[bytes]) -> None:
    """With the way to the server cut and connections lost at the end, the server hears nothing."""
    caller = await call(proxy)
    await caller.echo(b"before")
    with proxy.troubled(Trouble(cut=Way.TO_SERVER), loses=True):
        await stays_silent(caller.echo(b"lost"))
    with pytest.raises(ConnectionResetError):
        await caller.reader.read()
    assert heard == [b"before"]
    caller.writer.close()


async def test_a_cut_falls_inside_an_answer(proxy: Proxy) -> None:
    """After so many bytes the connection is reset, also in the middle of what is one message."""
    caller = await call(proxy)
    await caller.echo(b"before")
    with proxy.troubled(Trouble(bytes_max=3)):
        caller.writer.write(b"answer")
        with pytest.raises(ConnectionResetError):
            await caller.reader.readexactly(len(b"answer"))
    caller.writer.close()


async def test_down_refuses_old_and_new(proxy: Proxy) -> None:
    """Live connections end at once, and new ones as soon as they are made, until it is over."""
    caller = await call(proxy)
    await caller.echo(b"x")
    with proxy.troubled(Trouble(is_down=True)):
        with pytest.raises(ConnectionResetError):
            await caller.reader.read()
        new = await call(proxy)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError, BrokenPipeError)):
            await new.echo(b"y")
    again = await call(proxy)
    assert await again.echo(b"z") == b"z"
    for each in (caller, new, again):
        each.writer.close()


async def test_a_reader_that_does_not_read_holds_its_writer_up(proxy: Proxy) -> None:
    """The proxy holds a bounded number of bytes for a client that is slow to take its answers."""
    caller = await call(proxy)

    async def write() -> None:
        while True:
            caller.writer.write(bytes(1_000_000))
            await caller.writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(write(), LONG_ENOUGH_S * 4)
    proxy.reset()
    caller.writer.close()
