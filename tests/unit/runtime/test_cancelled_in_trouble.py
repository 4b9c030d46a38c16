"""What is cancelled ends, also when leaving fails: no error takes the cancellation's place."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asyncpg import ConnectionDoesNotExistError
from prometheus_client import CollectorRegistry

from services.matcher.counts import Counts
from services.webhooks.hear_due import hear_due
from shared.assembly.common_clock import CommonClock
from shared.bus.lag import lag_gauge, watch_lag
from shared.bus.local_bell import Bell
from shared.domain.errors import Unavailable
from shared.domain.events import Event
from shared.domain.ids import DEFAULT_ENVIRONMENT, EventKey
from shared.runtime.clock import SystemClock


class _Breaking:
    """Stands for a pool and its connections: whoever is cancelled at one finds it broken."""

    def __init__(self) -> None:
        self.is_reached = asyncio.Event()

    @asynccontextmanager
    async def acquire(self) -> Any:
        try:
            yield self
        except asyncio.CancelledError:
            raise ConnectionDoesNotExistError("closed in the middle of operation") from None

    async def add_listener(self, *_: object) -> None:
        self.is_reached.set()

    async def remove_listener(self, *_: object) -> None:
        raise ConnectionDoesNotExistError("closed in the middle of operation")

    def add_termination_listener(self, _: object) -> None:
        pass

    remove_termination_listener = add_termination_listener

    async def execute(self, *_: object) -> None:
        self.is_reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionDoesNotExistError("closed in the middle of operation") from None

    fetchval = executemany = fetch = execute

    async def lag(self) -> None:
        try:
            await self.execute()
        except ConnectionDoesNotExistError as error:
            raise Unavailable(str(error)) from None


def _tell(pool: Any) -> Awaitable[None]:
    bell = Bell(pool)
    bell.ring(["a"])
    return bell.tell()


class _Hasty(CommonClock):
    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - it does not
        await asyncio.sleep(0)


def _clock(pool: Any) -> Awaitable[None]:
    return _Hasty().keep(pool)


def _counts(pool: Any) -> Awaitable[None]:
    counts = Counts(pool)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    key = EventKey(DEFAULT_ENVIRONMENT)
    event = Event(
        key=key,
        environment_id=DEFAULT_ENVIRONMENT,
        type="go",
        source="/",
        id="1",
        received_at=at,
        payload=None,
    )
    counts.add(event, ["go"], [])
    return counts.keep(asyncio.Event())


def _lag(pool: Any) -> Awaitable[None]:
    return watch_lag(pool, lag_gauge(CollectorRegistry(), "x"), SystemClock())


@pytest.mark.parametrize(
    "begin",
    [
        lambda pool: hear_due(pool, SystemClock(), asyncio.Event()),
        lambda pool: Bell(pool).listen(),
        _tell,
        _clock,
        _counts,
        _lag,
    ],
    ids=["hear_due", "listen", "tell", "clock", "counts", "lag"],
)
async def test_it_ends(begin: Callable[[Any], Awaitable[None]]) -> None:
    """A loop that passes over outages does not pass over its cancellation with them."""
    pool = _Breaking()
    task = asyncio.ensure_future(begin(cast("Any", pool)))
    await pool.is_reached.wait()
    task.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([task])
    assert task.cancelled()
