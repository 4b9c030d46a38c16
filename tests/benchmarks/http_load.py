"""A client that costs less than what it measures: requests laid out as bytes, connections kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

from services.cli.process.ports import LOOPBACK

_WITHIN_S: Final = 300.0
_POLL_S: Final = 0.05


class Caller(asyncio.Protocol):
    """One connection, with one request at a time; made by ``open_callers``."""

    def __init__(self) -> None:
        self._seen = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is not one by class

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        if not end or self._answer is None:
            return
        _, _, length = head.lower().partition(b"\r\ncontent-length: ")
        if len(body) >= int(length.partition(b"\r\n")[0] or 0):
            self._seen = b""
            self._answer.set_result(head.partition(b" ")[2][:3] + body)

    def connection_lost(self, fault: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault or ConnectionResetError())

    async def call(self, request: bytes) -> bytes:
        """The status, three digits, and the body of the answer, which says its length."""
        assert self._transport is not None, "it is connected"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def request(method: str, target: str, body: bytes = b"", token: str | None = None) -> bytes:
    """A request as it goes over the wire."""
    head = [f"{method} {target} HTTP/1.1", f"Host: {LOOPBACK}", f"Content-Length: {len(body)}"]
    if body:
        head.append("Content-Type: application/json")
    if token is not None:
        head.append(f"Authorization: Bearer {token}")
    return "\r\n".join((*head, "", "")).encode() + body


@asynccontextmanager
async def open_callers(port: int, count: int) -> AsyncIterator[Sequence[Caller]]:
    """So many connections, as soon as somebody listens there."""
    loop, callers = asyncio.get_running_loop(), list[Caller]()
    try:
        async with asyncio.timeout(_WITHIN_S):
            while len(callers) < count:
                try:
                    callers.append((await loop.create_connection(Caller, LOOPBACK, port))[1])
                except OSError:
                    await asyncio.sleep(_POLL_S)
        yield callers
    finally:
        for caller in callers:
            caller.close()


async def flood(
    callers: Sequence[Caller], make: Callable[[], bytes], seconds: float, status: bytes
) -> tuple[int, float]:
    """Each caller asks again as soon as it is answered: how many answers, and in which time.

    Raises RuntimeError at an answer of another status.
    """
    began = time.perf_counter()

    async def ask(caller: Caller) -> int:
        answers = 0
        while time.perf_counter() - began < seconds:
            _expect(await caller.call(make()), status)
            answers += 1
        return answers

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(ask(caller)) for caller in callers]
    return sum(task.result() for task in asking), time.perf_counter() - began


async def timed(caller: Caller, asked: bytes, status: bytes = b"200") -> float:
    """Seconds until a request is answered; raises as ``flood``."""
    began = time.perf_counter()
    answer = await caller.call(asked)
    took_s = time.perf_counter() - began
    _expect(answer, status)
    return took_s


def _expect(answer: bytes, status: bytes) -> None:
    if not answer.startswith(status):
        raise RuntimeError(f"the answer is {answer[:500]!r}")
