"""A receiver of calls that remembers each one: ``python -m tests.chaos.receiver --port …``.

It speaks just enough HTTP/1.1 to misbehave in every way of ``answers.py``, and writes each call
into the history before it answers: what it has answered, it has recorded.
"""

import argparse
import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from tests.chaos.answers import UNASKED, Answer, answer_to
from tests.chaos.history import History
from tests.chaos.workflows import TOLD

BODY_BYTES_MAX: Final = 1_000_000
RETRY_AFTER: Final = b"Retry-After: 1\r\n"
DRIP_S: Final = 0.2
OK: Final = b"HTTP/1.1 200 OK\r\n"
BROKEN: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "garbage": b"HTTP/1.1 quite fine\r\nwhat: \x00\r\n\r\n",
        "headers": OK + b"a: b\r\n" * 100_000 + b"\r\n",
        "short": OK + b"Content-Length: 1000\r\n\r\n{}",
        "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n",
    }
)
NOT_YET: Final = b"HTTP/1.1 102 Processing\r\n\r\n" * 100
MORE: Final = f"HTTP/1.1 {UNASKED} Unasked\r\nContent-Length: 0\r\n\r\n".encode() * 1_000
MORE_MAX: Final = 1_000
NO_TIME: Final = Answer(kind="busy", status=503)


class Call(NamedTuple):
    """One request, read whole."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Serves one port; ``calls`` counts those under each key.

    While the file ``busy`` is there, it has no time for anybody.
    """

    def __init__(self, history: History, seed: int, busy: Path | None = None) -> None:
        self._history = history
        self._seed = seed
        self._busy = busy
        self.calls: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Serve; gives the port."""
        lives: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._live(reader, writer))
            lives.add(task)
            task.add_done_callback(lives.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in lives:
                task.cancel()
            await asyncio.gather(*lives, return_exceptions=True)

    async def _live(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: call after call, until either side has enough."""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while (call := await _read(reader)) is not None:
                    if not await self._answer(call, writer):
                        return
        finally:
            writer.close()

    async def _answer(self, call: Call, writer: asyncio.StreamWriter) -> bool:
        """Record and answer; False when the connection is done for."""
        key = call.headers.get("webhook-id" if call.path == TOLD else "idempotency-key", "")
        self.calls[key] += 1
        number = self.calls[key]
        is_busy = self._busy is not None and self._busy.exists()
        answer = NO_TIME if is_busy else answer_to(self._seed, call.path, key, number)
        self._record(call, key, number, answer)
        match answer.kind:
            case "reset":
                writer.transport.abort()
                return False
            case kind if kind in BROKEN:
                writer.write(BROKEN[kind])
                await writer.drain()
                return False
            case "hang":
                await asyncio.sleep(answer.wait_s)
                return False
            case "drip":
                await _drip(writer, answer.wait_s)
                return False
        await asyncio.sleep(answer.wait_s)
        writer.write(_response(answer, orjson.dumps({"call": number, "key": key})))
        await writer.drain()
        if answer.kind == "tail":
            await _go_on(writer)
        return answer.kind not in ("old", "tail")

    def _record(self, call: Call, key: str, number: int, answer: Answer) -> None:
        told = _told(call.body)
        self._history.write(
            "told" if call.path == TOLD else "call",
            {200: "ok", 0: "info"}.get(answer.status, "fail"),
            key,
            n=number,
            path=call.path,
            kind=answer.kind,
            status=answer.status,
            execution=told.get("execution"),
            step=told.get("step"),
            given=told.get("given"),
            record=told.get("id"),
            body=blake2b(call.body, digest_size=8).hexdigest(),
        )


async def _read(reader: asyncio.StreamReader) -> Call | None:
    """The next request; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    size = min(int(headers.get("content-length", 0)), BODY_BYTES_MAX)
    return Call(first.split(" ")[1].partition("?")[0], headers, await reader.readexactly(size))


async def _drip(writer: asyncio.StreamWriter, for_s: float) -> None:
    """Promise a body and send a byte of it now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(round(for_s / DRIP_S)):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def _go_on(writer: asyncio.StreamWriter) -> None:
    """Answers that nobody asked for, once the connection rests, until the other side hangs up."""
    await asyncio.sleep(DRIP_S)
    for _ in range(MORE_MAX):
        writer.write(MORE)
        await writer.drain()


def _response(answer: Answer, body: bytes) -> bytes:
    if answer.kind == "old":
        return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body
    before = NOT_YET if answer.kind == "early" else b""
    more = RETRY_AFTER if answer.kind == "busy" else b""
    head = f"HTTP/1.1 {answer.status} Said\r\nContent-Type: application/json\r\n".encode()
    return before + head + more + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def _told(body: bytes) -> dict[str, Any]:
    """What a call says of its execution and step."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


async def main(port: int, path: str, seed: int, busy: Path | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Receiver(History(path, "receiver"), seed, busy).serving(port):
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--history", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--busy", type=Path, help="while it is there, every answer is 503")
    given = parser.parse_args()
    asyncio.run(main(given.port, given.history, given.seed, given.busy))
