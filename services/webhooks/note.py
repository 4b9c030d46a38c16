"""Noting how attempts went: those that end while a commit is under way are the next one."""

import asyncio
from datetime import datetime

from shared.assembly.platform import Platform
from shared.db.pool import translated
from shared.db.webhook_deliveries import Attempted, note_attempts


class Notes:
    """Notes attempts; safe to share between tasks. No more wait than attempts are under way."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._waiting: list[tuple[Attempted, asyncio.Future[datetime | None]]] = []
        self._added = asyncio.Event()

    async def add(self, attempted: Attempted) -> datetime | None:
        """Return when it is durable: since when the subscription failed before it, if it did."""
        noted: asyncio.Future[datetime | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((attempted, noted))
        self._added.set()
        return await noted

    async def run(self) -> None:
        """Note what is added, until cancelled. Raises Unavailable."""
        while True:
            await self._added.wait()
            self._added.clear()
            some, self._waiting = self._waiting, []
            with translated():
                async with self._platform.pool.acquire() as conn:
                    since = await note_attempts(conn, [attempted for attempted, _ in some])
            for attempted, noted in some:
                if not noted.done():
                    noted.set_result(since.get(attempted.claimed.id))
