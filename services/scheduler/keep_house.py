"""Housekeeping: room for coming days, and an end for what is past its time.

Every round may run on any number of replicas at once: each statement is idempotent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from services.scheduler.metrics import SchedulerMetrics
from services.scheduler.prune import prune
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.db.decision_counts import forget_counts
from shared.db.idempotency import KEPT_FOR
from shared.db.idempotency import forget_keys as forget_answers
from shared.db.intake import drop_days, ensure_days, forget_keys
from shared.db.overflows import forget_overflows
from shared.db.pool import Connection, translated
from shared.db.start_keys import forget_keys as forget_start_keys
from shared.db.throttles import forget_windows
from shared.domain.errors import Unavailable
from shared.runtime.health import Condition

log = structlog.get_logger(__name__)

DAYS_AHEAD = 3
KEYS_AT_ONCE = 10_000

T = TypeVar("T")


async def keep_house(
    platform: Platform,
    settings: SchedulerSettings,
    metrics: SchedulerMetrics,
    stop: asyncio.Event,
) -> None:
    """A round now and then, until ``stop``. Raises Unavailable."""
    while not stop.is_set():
        await one_round(platform, settings)
        platform.health.report("scheduler", Condition.READY)
        # Last: what a key or an archived event names is there as long as these are.
        await prune(platform, settings, metrics, stop)
        try:
            async with asyncio.timeout(settings.housekeeping_s):
                await stop.wait()
        except TimeoutError:
            continue


async def one_round(platform: Platform, settings: SchedulerSettings) -> None:
    """Make the archive's coming days; drop days, keys and read records past their time."""
    now = platform.clock.now()
    today = now.date()
    events_begin = today - timedelta(days=settings.events_kept_days)
    ahead = today + timedelta(days=DAYS_AHEAD)
    await _turn(platform, lambda conn: ensure_days(conn, today, ahead))
    days = await _turn(platform, lambda conn: drop_days(conn, events_begin))
    with translated():
        async with platform.pool.acquire() as conn:
            await forget_counts(conn, events_begin)
            await forget_overflows(conn, events_begin)
            await forget_windows(conn, now)
            await forget_start_keys(conn, now - timedelta(days=settings.keys_kept_days))
    keys_end = today - timedelta(days=settings.keys_kept_days)
    keys = await _forget(platform, lambda conn: forget_keys(conn, keys_end, limit=KEYS_AT_ONCE))
    answers = await _forget(
        platform, lambda conn: forget_answers(conn, now - KEPT_FOR, limit=KEYS_AT_ONCE)
    )
    records = await platform.trim(now - timedelta(hours=settings.bus_kept_hours))
    log.info(
        "house_kept",
        days_dropped=days,
        keys_forgotten=keys,
        answers_forgotten=answers,
        records_trimmed=records,
    )


async def _turn(platform: Platform, days: Callable[[Connection], Awaitable[T]]) -> T | None:
    """Make or drop days of the archive; None: not now, since somebody reads there for long.

    Left for the next round it does no harm: days are made well ahead. Tried again at once, as the
    whole role would be, it would keep ingest waiting again and again.
    """
    try:
        with translated():
            async with platform.pool.acquire() as conn:
                return await days(conn)
    except Unavailable as fault:
        log.warning("archive_days_put_off", reason=fault.message)
        return None


async def _forget(platform: Platform, some_of: Callable[[Connection], Awaitable[int]]) -> int:
    """In small transactions, so that nobody who writes there waits long."""
    forgotten = 0
    while True:
        with translated():
            async with platform.pool.acquire() as conn:
                some = await some_of(conn)
        forgotten += some
        if some < KEYS_AT_ONCE:
            return forgotten
