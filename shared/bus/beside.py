"""Duties that run beside a block of code, and waiting with a limit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def beside(duty: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run ``duty`` until the block ends, then cancel it; if it raises, so does the block.

    The block's own error passes as it is, not in a group.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(duty)
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Return when ``event`` is set, or after ``seconds``."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Breakable:
    """Waiting that ends as soon as an event is set, at no cost for each time that it is not."""

    def __init__(self) -> None:
        self._waiting: asyncio.Timeout | None = None

    async def watch(self, event: asyncio.Event) -> None:
        """End what is waited for when ``event`` is set; to run beside."""
        await event.wait()
        if self._waiting is not None:
            self._waiting.reschedule(0)

    async def wait(self, work: Awaitable[T]) -> T | None:
        """What ``work`` gives; None: it was cancelled for the event. One at a time."""
        waiting = self._waiting = asyncio.timeout(None)
        try:
            async with waiting:
                return await work
        except TimeoutError:
            if not waiting.expired():
                raise
            return None
        finally:
            self._waiting = None
