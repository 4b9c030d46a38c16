"""A clock that stands still until it is told to jump."""

import asyncio
import time
from datetime import datetime, timedelta
from operator import itemgetter


class VirtualClock:
    """The time of day as a test says it; ``monotonic`` is the machine's.

    Whoever sleeps or waits with a limit does so until ``jump`` reaches it, however long that is.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._limits: set[tuple[datetime, asyncio.Timeout]] = set()

    def now(self) -> datetime:
        """As the last jump left it."""
        return self._now

    def monotonic(self) -> float:
        """The machine's, so that bounds on real work stay what they are."""
        return time.monotonic()

    def jump(self, now: datetime) -> None:
        """Let it be ``now``, and wake everybody whose time has come."""
        assert now >= self._now, "time does not go back"
        self._now = now
        due = [one for one in self._limits if one[0] <= now]
        for one in sorted(due, key=itemgetter(0)):  # whoever is due first wakes first
            self._limits.discard(one)
            one[1].reschedule(0)

    async def sleep(self, seconds: float) -> None:
        """Return once ``jump`` has gone that far."""
        await self.wait(asyncio.Event(), seconds)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Return when ``event`` is set, or once ``jump`` has gone that far."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                if seconds is not None:
                    self._until(self._now + timedelta(seconds=seconds), limit)
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._limits = {one for one in self._limits if one[1] is not limit}

    def _until(self, due_at: datetime, limit: asyncio.Timeout) -> None:
        if due_at <= self._now:
            limit.reschedule(0)
        else:
            self._limits.add((due_at, limit))
