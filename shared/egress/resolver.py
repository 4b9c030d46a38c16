"""Names looked up by the system's way, each on a thread of its own.

A lookup cannot be broken off: a name whose servers are silent holds its thread as long as the
system waits for them. So there are only so many threads, of which no environment has more than its
share, a name holds one of them however many ask for it, nothing else ever waits for one, and none
keeps the process from ending.
"""

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from contextvars import ContextVar
from threading import Thread
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from shared.domain.ids import EnvironmentId

LOOKUPS_MAX: Final = 128
LOOKUPS_EACH_MAX: Final = 32
"""Of one environment."""

ASKING: Final = ContextVar[EnvironmentId | None]("asking", default=None)
"""Whose call a name is looked up for; None: nobody's in particular."""

_Name = tuple[str, socket.AddressFamily]
_Found = list[ResolveResult]


class SystemResolver(AbstractResolver):
    """``getaddrinfo``, bounded; use it from one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[_Name, asyncio.Future[_Found]] = {}
        self._of: Counter[EnvironmentId] = Counter()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError when the name is not known, or too many others are being looked up."""
        name = host, family
        lookup = self._under_way.get(name)
        if lookup is None:
            lookup = self._begin(name, ASKING.get())
        # Others wait for it too, and it goes on when nobody does any more.
        found = await asyncio.shield(lookup)
        return [{**each, "port": port} for each in found]

    async def close(self) -> None:
        """Nothing is held but threads that end by themselves."""

    def _begin(self, name: _Name, whose: EnvironmentId | None) -> asyncio.Future[_Found]:
        if len(self._under_way) >= LOOKUPS_MAX or self._has_its_share(whose):
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        lookup: asyncio.Future[_Found] = loop.create_future()

        def end(found: _Found | OSError) -> None:
            del self._under_way[name]
            self._leave(whose)
            if isinstance(found, OSError):
                lookup.set_exception(found)
                lookup.exception()  # noted as seen: those who asked may be gone
            else:
                lookup.set_result(found)

        def work() -> None:
            found = _look_up(*name)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(end, found)

        self._under_way[name] = lookup
        if whose is not None:
            self._of[whose] += 1
        try:
            Thread(target=work, name=f"resolve {name[0]}", daemon=True).start()
        except RuntimeError as error:  # the system has no more threads for this process
            end(OSError(f"the name cannot be looked up: {error}"))
        return lookup

    def _has_its_share(self, whose: EnvironmentId | None) -> bool:
        return whose is not None and self._of[whose] >= LOOKUPS_EACH_MAX

    def _leave(self, whose: EnvironmentId | None) -> None:
        if whose is not None:
            self._of[whose] -= 1
            self._of += Counter()  # forgets those who look nothing up any more


def _look_up(host: str, family: socket.AddressFamily) -> _Found | OSError:
    try:
        infos = socket.getaddrinfo(
            host, None, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except OSError as error:
        return error
    except ValueError as error:  # of a name that no encoding takes
        return OSError(f"the name cannot be looked up: {error}")
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=0,
            family=kind,
            proto=proto,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, proto, _, address in infos
    ]
