"""Waiting for what does not answer yet, for as long as nobody says stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog

from shared.domain.errors import Unavailable

PAUSE_FIRST_S: Final = 0.5
PAUSE_MAX_S: Final = 10.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Stopped(Exception):
    """Somebody said stop before it was there."""


async def patiently(attempt: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T:
    """What ``attempt`` gives, tried again while it raises Unavailable; Stopped at once on stop.

    Each failure is a line in the log, soon one in ten seconds. Other errors come in a group.
    """
    async with unless(stop):
        result = await _insist(attempt)
    return result  # noqa: RET504 - mypy takes it that the context may swallow errors


@asynccontextmanager
async def unless(stop: asyncio.Event) -> AsyncIterator[None]:
    """Cut the body short when ``stop`` is set, and raise Stopped; its own errors in a group."""
    limit = asyncio.timeout(None)
    try:
        async with limit, asyncio.TaskGroup() as group:
            watching = group.create_task(_cut_short(limit, stop))
            yield
            watching.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        raise Stopped from None


async def _cut_short(limit: asyncio.Timeout, stop: asyncio.Event) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time())


async def _insist(attempt: Callable[[], Awaitable[T]]) -> T:
    pause_s = PAUSE_FIRST_S
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            log.warning("waiting", reason=error.message, pause_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, PAUSE_MAX_S)
