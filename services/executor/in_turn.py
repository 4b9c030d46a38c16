"""What waits for its turn to compute: parts of an attempt, and whatever else an execution does."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from services.executor.lanes import Lanes, Work
from services.executor.runs import Performing, Run
from shared.runtime.clock import Clock

T = TypeVar("T")


class InTurn:
    """Has parts of an attempt computed in turn. While it waits, its time stands still."""

    def __init__(self, environment: str, performing: Performing, lanes: Lanes) -> None:
        self._environment = environment
        self._performing = performing
        self._lanes = lanes

    async def __call__(self, work: Callable[[], T], *, has_sent: bool = False) -> T:
        if self._lanes.is_free(self._environment):
            return self._lanes.at_once(self._environment, lambda _: work())
        performing, time = self._performing, asyncio.get_running_loop().time
        assert performing.timeout is not None, "it has begun"
        if performing.is_leaving and not has_sent:
            performing.is_broken = True
        if performing.is_broken:
            raise TimeoutError
        ends_at, since_s = performing.timeout.when(), time()
        performing.timeout.reschedule(None)
        # Who has an answer keeps the place: the partition is given up when that is written, too.
        performing.is_in_line = not has_sent
        try:
            found = await self._lanes.line_up(
                self._environment, lambda _: work(), is_ahead=has_sent
            )
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


async def patiently(
    run: Run,
    work: Work[T],
    lanes: Lanes,
    clock: Clock,
    *,
    comes_first: Callable[[], bool],
    until: datetime | None,
) -> T | None:
    """What ``work`` comes to, when the turn of its execution has come.

    None: something came first, the time or what ``comes_first`` tells of; nothing was computed. It
    is looked at whenever the execution changes.
    """
    found = lanes.line_up(run.origin.environment, work)
    found.add_done_callback(lambda _: run.changed.set())
    try:
        while not (found.done() or comes_first()):
            wait_s = None if until is None else (until - clock.now()).total_seconds()
            if wait_s is not None and wait_s <= 0:
                break
            run.changed.clear()
            await clock.wait(run.changed, wait_s)
    finally:
        found.cancel()  # what was computed stays so
    return None if found.cancelled() else found.result()
