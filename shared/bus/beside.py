"""Duties that run beside a block of code, and waiting with a limit."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress


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
