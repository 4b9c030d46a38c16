"""Giving way to others: no work holds the event loop for long."""

import asyncio
from typing import Final

from shared.runtime.clock import Clock

AT_A_STRETCH_S: Final = 0.01


class Breather:
    """Lets others run after each stretch of work; below a ``share`` of 1 it sleeps in between."""

    def __init__(self, clock: Clock, share: float = 1.0) -> None:
        self._clock = clock
        self._rest = 1 / share - 1
        self._since_s = clock.monotonic()

    async def breathe(self) -> None:
        """To be awaited between pieces of work."""
        worked_s = self._clock.monotonic() - self._since_s
        if worked_s >= AT_A_STRETCH_S:
            await asyncio.sleep(worked_s * self._rest)
            self._since_s = self._clock.monotonic()
