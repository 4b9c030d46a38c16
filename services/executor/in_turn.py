"""What an attempt computes while it is performed: in turn, and in no time of its own."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from services.executor.lanes import Lanes
from services.executor.runs import Performing

T = TypeVar("T")


class InTurn:
    """Has parts of an attempt computed in turn. While it waits, its time stands still."""

    def __init__(self, environment: str, performing: Performing, lanes: Lanes) -> None:
        self._environment = environment
        self._performing = performing
        self._lanes = lanes

    async def __call__(self, work: Callable[[], T]) -> T:
        if self._lanes.is_free(self._environment):
            return self._lanes.at_once(self._environment, lambda _: work())
        performing, time = self._performing, asyncio.get_running_loop().time
        assert performing.timeout is not None, "it has begun"
        ends_at, since_s = performing.timeout.when(), time()
        performing.timeout.reschedule(None)
        performing.is_in_line = True
        try:
            found = await self._lanes.line_up(self._environment, lambda _: work())
        finally:
            performing.is_in_line = False
        self.goes_on(None if ends_at is None else ends_at + time() - since_s)
        return found

    def goes_on(self, until: float | None) -> None:
        """Limit the attempt's time. Raises TimeoutError when it was broken off a moment ago."""
        assert self._performing.timeout is not None, "it has begun"
        if self._performing.is_broken:
            raise TimeoutError
        self._performing.timeout.reschedule(until)
