"""Waking those who wait for a topic or a group: at once in this process, soon in the others."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import uuid4

from shared.bus.local_store import SQL, Pool
from shared.runtime.postgres_faults import PASSING, is_passing
from shared.runtime.roles import heed_cancellation

_CHANNEL: Final = "turnout_bus"
# Notifying takes a lock of the whole database at commit: tell the others at most this often.
_COALESCE_S: Final = 0.01
_RECONNECT_S: Final = 1.0


class Bell:
    """Rings by name. A ring may be lost with a connection, so nobody waits for one alone."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sender = uuid4().hex
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._untold: set[str] = set()
        self._rung = asyncio.Event()

    @contextmanager
    def heard(self, names: Iterable[str]) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of ``names`` rings."""
        names = tuple(names)
        event = asyncio.Event()
        for name in names:
            self._listeners[name].add(event)
        try:
            yield event
        finally:
            for name in names:
                self._listeners[name].discard(event)

    def ring(self, names: Iterable[str]) -> None:
        """Wake who waits for ``names``, in every process."""
        names = tuple(names)
        self._wake(names)
        self._untold.update(names)
        self._rung.set()

    async def tell(self) -> None:
        """Pass rings on to the other processes, for ever."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            names, self._untold = sorted(self._untold), set()
            try:
                await self._pool.execute(SQL["notify_names"], _CHANNEL, self._sender, names)
            except PASSING as fault:
                if not is_passing(fault):
                    raise
                heed_cancellation()
                # The others poll, too.
                await asyncio.sleep(_RECONNECT_S)
            await asyncio.sleep(_COALESCE_S)

    async def listen(self) -> None:
        """Hear the other processes' rings, for ever, over as many connections as it takes."""
        while True:
            try:
                async with self._listening() as lost:
                    await lost.wait()
            except PASSING as fault:
                if not is_passing(fault):
                    raise
                heed_cancellation()
                await asyncio.sleep(_RECONNECT_S)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncio.Event]:
        lost = asyncio.Event()

        def lost_now(_: object) -> None:
            lost.set()

        async with self._pool.acquire() as conn:
            conn.add_termination_listener(lost_now)
            await conn.add_listener(_CHANNEL, self._hear)
            try:
                # What rang before is not heard any more: let everybody look.
                self._wake(tuple(self._listeners))
                yield lost
            finally:
                if not lost.is_set():
                    conn.remove_termination_listener(lost_now)
                    await conn.remove_listener(_CHANNEL, self._hear)

    def _hear(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, name = str(payload).partition(" ")
        if sender != self._sender:
            self._wake((name,))

    def _wake(self, names: Iterable[str]) -> None:
        for name in names:
            for event in self._listeners.get(name, ()):
                event.set()
