"""Receivers of outbound calls that do as they are told, and a name server likewise."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final, Self

from aiohttp.abc import AbstractResolver, ResolveResult

OK: Final = b"HTTP/1.1 200 OK\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answers(AbstractResolver):
    """A name server that gives the next of its answers to each question."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)
        self.questions = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.questions += 1
        return [
            {"hostname": host, "host": a, "port": port, "family": family, "proto": 0, "flags": 0}
            for a in next(self._answers)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class Receiver:
    """A raw server on loopback that counts its connections and knows when one ended."""

    def __init__(
        self,
        serve: Serve,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._serve = serve
        self._tls = tls
        self._bind = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.disconnected = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, *self._bind, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{self._bind[0]}:{self.port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self.disconnected.set()
            writer.close()


def sends(
    pieces: Callable[[], Iterator[bytes]], *, hold: bool = False, every_s: float = 0
) -> Serve:
    """Answer each request with these pieces, then hang up, or hold the line."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)
        if hold:
            await reader.read()

    return serve


def once(*pieces: bytes) -> Callable[[], Iterator[bytes]]:
    """Send the same pieces on every connection."""
    return lambda: iter(pieces)
