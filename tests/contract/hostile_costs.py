"""What hostile texts cost a process: how long they hold its threads, and its memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import local
from typing import Final

from services.api.computing import Computing
from tests.support.memory import growing
from tests.support.processor import own_garbage_only

STALL_S_MAX: Final = 0.25
GROWTH_BYTES_MAX: Final = 64 * 1024 * 1024

_LOOKS_EVERY_S: Final = 0.001


@dataclass(slots=True)
class Cost:
    """Seconds of a thread's on the processor, whatever else the machine has to do.

    ``loop_s``: the longest that the event loop was kept from its other work. ``part_s``: the
    longest part of what is computed beside it, which holds the interpreter. ``grown_bytes``: the
    most that the process held beyond what it held before.
    """

    loop_s: float = 0.0
    part_s: float = 0.0
    grown_bytes: int = 0

    @property
    def is_too_much(self) -> bool:
        """Whether it is more than nobody else notices."""
        return self.is_long or self.grown_bytes >= GROWTH_BYTES_MAX

    @property
    def is_long(self) -> bool:
        """Whether others had to wait."""
        return max(self.loop_s, self.part_s) >= STALL_S_MAX


class Watch:
    """Of one event loop, and of what is computed beside it."""

    def __init__(self) -> None:
        self._cost = Cost()
        self._looked = local()

    def computing(self) -> Computing:
        """One whose parts are measured: it looks at its clock before and after each."""
        return Computing(self._thread_s)

    @contextmanager
    def cost(self) -> Iterator[Cost]:
        """What is done meanwhile; one at a time."""
        cost = self._cost = Cost()
        with growing() as growth:
            yield cost
        cost.grown_bytes = growth.grown_bytes

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Whoever looks at what it costs does it within."""
        with own_garbage_only():
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(self._look())
                yield
                looking.cancel()

    async def _look(self) -> None:
        while True:
            before_s = time.thread_time()
            await asyncio.sleep(_LOOKS_EVERY_S)
            self._cost.loop_s = max(self._cost.loop_s, time.thread_time() - before_s)

    def _thread_s(self) -> float:
        now_s = time.thread_time()
        before_s = getattr(self._looked, "at_s", now_s)
        self._cost.part_s = max(self._cost.part_s, now_s - before_s)
        self._looked.at_s = now_s
        return now_s
