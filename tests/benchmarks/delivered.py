"""A receiver of webhooks that costs less than whoever tells it, and knows what it was told when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import orjson

from services.cli.process.ports import LOOPBACK

_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
_POLL_S: Final = 0.01


class Delivered:
    """By the id of a record, seconds on the wall clock when it came first; ``count``: of all."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: dict[str, float] = {}
        self.count = 0

    def take(self, body: bytes) -> None:
        """Note a message, a record as it is."""
        self.count += 1
        self.seen.setdefault(orjson.loads(body)["id"], time.time())

    async def reach(self, records: int, *, within_s: float) -> None:
        """Return when so many records have come. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while len(self.seen) < records:
                await asyncio.sleep(_POLL_S)


class _Connection(asyncio.Protocol):
    """Answers each request when it is there whole; they say their lengths."""

    def __init__(self, delivered: Delivered) -> None:
        self._delivered = delivered
        self._bytes = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is not one by class

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        head, end, body = self._bytes.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length):
            assert self._transport is not None, "it is connected"
            self._bytes = b""
            self._delivered.take(body)
            self._transport.write(_ANSWER)


@asynccontextmanager
async def open_delivered() -> AsyncIterator[Delivered]:
    """A receiver on loopback."""
    loop = asyncio.get_running_loop()
    delivered = Delivered("")
    server = await loop.create_server(lambda: _Connection(delivered), LOOPBACK, 0)
    async with server:
        delivered.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/in"
        yield delivered
