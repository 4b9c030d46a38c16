"""A TCP proxy with faults that can be switched while connections live.

What it holds back is bounded, and a slow reader slows its writer, as with a plain connection.
"""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final

_CHUNK_BYTES: Final = 65_536
_CHUNKS_HELD_MAX: Final = 32
_CONNECT_S: Final = 5.0
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class Way(Flag):
    """Where bytes go: to the server, to the client."""

    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = TO_SERVER | TO_CLIENT


_NEITHER: Final = Way(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with the network; the defaults are: nothing.

    ``latency_s`` ± ``jitter_s`` delays bytes in each direction. ``cut`` directions carry nothing,
    without a word to either end: both is a black hole, TO_CLIENT loses answers to what was done.
    Once a connection has carried ``bytes_max`` more to its client it is reset. ``is_down``:
    connections are reset, new ones refused by a reset as soon as they are made.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    cut: Way = _NEITHER
    bytes_max: int | None = None
    is_down: bool = False


FINE: Final = Trouble()


@dataclass(slots=True, eq=False)
class _Link:
    """A connection through the proxy, and the bytes it may still carry to its client."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    bytes_left: int | None = None

    def reset(self) -> None:
        """End both connections with RST, whatever was still to be sent."""
        for writer in (self.client, self.server):
            if writer is not None and not writer.is_closing():
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                writer.transport.abort()


@dataclass(slots=True, eq=False)
class Proxy:
    """Listens on ``port`` of 127.0.0.1 and passes on to ``target``, also of 127.0.0.1.

    ``target`` may be changed: the next connection goes there.
    """

    target: int
    chance: random.Random
    port: int = 0
    trouble: Trouble = FINE
    _links: set[_Link] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def turn(self, trouble: Trouble) -> None:
        """From now on the network is like this, for connections that live as for new ones."""
        self.trouble = trouble
        for link in self._links:
            link.bytes_left = trouble.bytes_max
        self._changed.set()
        self._changed = asyncio.Event()
        if trouble.is_down:
            self.reset()

    def reset(self) -> None:
        """End every connection with RST: what was held back is lost."""
        for link in list(self._links):
            link.reset()

    @contextmanager
    def troubled(self, trouble: Trouble, *, loses: bool = False) -> Iterator[None]:
        """Have trouble for a while; at its end what was cut goes on, or is lost by resets."""
        self.turn(trouble)
        try:
            yield
        finally:
            if loses:
                self.reset()
            self.turn(FINE)

    async def accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Carry one connection until it ends."""
        link = _Link(client, bytes_left=self.trouble.bytes_max)
        self._links.add(link)
        try:
            if self.trouble.is_down:
                return
            await self._passable(Way.TO_SERVER)
            async with asyncio.timeout(_CONNECT_S):
                answers, link.server = await asyncio.open_connection("127.0.0.1", self.target)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(link, Way.TO_SERVER, reader, link.server))
                ways.create_task(self._carry(link, Way.TO_CLIENT, answers, client))
        except (OSError, TimeoutError, ExceptionGroup):
            pass  # either end may go at any time
        finally:
            link.reset()
            self._links.discard(link)

    async def _carry(
        self, link: _Link, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one direction to its end; the other end is told of it by what follows."""
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_HELD_MAX)
        clock = asyncio.get_running_loop().time

        async def take_in() -> None:
            while data := await reader.read(_CHUNK_BYTES):
                await held.put((clock() + self._delay_s(), data))
            await held.put((clock(), b""))

        async with asyncio.TaskGroup() as group:
            group.create_task(take_in())
            while True:
                due_at, data = await held.get()
                if (wait_s := due_at - clock()) > 0:
                    await asyncio.sleep(wait_s)
                await self._passable(way)
                if not data:
                    break
                await self._pass(link, way, data, writer)
        if writer.can_write_eof():
            writer.write_eof()

    async def _pass(self, link: _Link, way: Way, data: bytes, writer: asyncio.StreamWriter) -> None:
        if way is Way.TO_CLIENT and link.bytes_left is not None:
            data = data[: link.bytes_left]
            link.bytes_left -= len(data)
        writer.write(data)
        await writer.drain()
        if link.bytes_left == 0:
            link.reset()
            raise ConnectionResetError

    async def _passable(self, way: Way) -> None:
        while way in self.trouble.cut:
            await self._changed.wait()

    def _delay_s(self) -> float:
        trouble = self.trouble
        if not trouble.latency_s:
            return 0.0
        return max(0.0, trouble.latency_s + self.chance.uniform(-1, 1) * trouble.jitter_s)


@asynccontextmanager
async def open_proxy(target: int, chance: random.Random) -> AsyncIterator[Proxy]:
    """A proxy on a free port; at the end its connections are reset."""
    proxy = Proxy(target, chance)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.turn(FINE)
        proxy.reset()
        while proxy._links:  # noqa: SLF001 - its own module
            await asyncio.sleep(0.01)
