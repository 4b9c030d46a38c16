"""Following the API's streams of events, over as many connections as it takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final, NamedTuple

from shared.client.asked import Asked
from shared.client.connection import Connection
from shared.domain.errors import Unavailable

_RETRY_S: Final = 2.0
_SILENT_S: Final = 60.0


OnLost = Callable[[Unavailable], None]


class Stream:
    """The type of an answer that does not end: ask for it with ``follow``."""


class ServerSent(NamedTuple):
    """An event; None for each field that it does not have."""

    name: str | None = None
    id: str | None = None
    data: str | None = None
    retry: str | None = None


async def read_events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerSent, None]:
    """The events of a stream as the API writes it; one that is cut off is left out."""
    rest = bytearray()
    async for chunk in chunks:
        begin = max(0, len(rest) - 1)
        rest += chunk
        while (end := rest.find(b"\n\n", begin)) >= 0:
            yield _event(rest[:end].decode())
            del rest[: end + 2]
            begin = 0


def _event(block: str) -> ServerSent:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
    return ServerSent(
        fields.get("event"), fields.get("id"), fields.get("data"), fields.get("retry")
    )


async def follow(
    connection: Connection,
    asked: Asked[Stream],
    *,
    after: str | None = None,
    on_lost: OnLost | None = None,
) -> AsyncGenerator[ServerSent, None]:
    """The events after the one with the id ``after``, for ever; each one once.

    A connection that is lost is opened again where it was left, and told to ``on_lost``. Raises
    what ``Connection.stream`` does unless that may pass, and Unavailable if the first connection
    cannot be opened.
    """
    retry_s, is_known = _RETRY_S, False
    while True:
        try:
            async with connection.stream(asked, after=after, silent_s=_SILENT_S) as chunks:
                is_known = True
                async with aclosing(read_events(chunks)) as events:
                    async for event in events:
                        after = event.id or after
                        retry_s = retry_s if event.retry is None else int(event.retry) / 1_000
                        if event.data is not None:
                            yield event
        except Unavailable as fault:
            if not is_known:
                raise
            if on_lost is not None:
                on_lost(fault)
        await asyncio.sleep(retry_s)
