"""Housekeeping: room for coming days, and an end for what is past its time.

Every round may run on any number of replicas at once: each statement is idempotent.
"""

import asyncio
from datetime import date, timedelta

import structlog

from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.db.intake import drop_days, ensure_days, forget_keys
from shared.db.pool import translated
from shared.db.start_keys import forget_keys as forget_start_keys
from shared.db.throttles import forget_windows
from shared.runtime.health import Condition

log = structlog.get_logger(__name__)

DAYS_AHEAD = 3
KEYS_AT_ONCE = 10_000


async def keep_house(platform: Platform, settings: SchedulerSettings, stop: asyncio.Event) -> None:
    """A round now and then, until ``stop``. Raises Unavailable."""
    while not stop.is_set():
        await one_round(platform, settings)
        platform.health.report("scheduler", Condition.READY)
        try:
            async with asyncio.timeout(settings.housekeeping_s):
                await stop.wait()
        except TimeoutError:
            continue


async def one_round(platform: Platform, settings: SchedulerSettings) -> None:
    """Make the archive's coming days; drop days, keys and read records past their time."""
    now = platform.clock.now()
    today = now.date()
    with translated():
        async with platform.pool.acquire() as conn:
            await ensure_days(conn, today, today + timedelta(days=DAYS_AHEAD))
            days = await drop_days(conn, today - timedelta(days=settings.events_kept_days))
            await forget_windows(conn, now)
            await forget_start_keys(conn, now - timedelta(days=settings.keys_kept_days))
    keys = await _forget_keys(platform, today - timedelta(days=settings.keys_kept_days))
    records = await platform.trim(now - timedelta(hours=settings.bus_kept_hours))
    log.info("house_kept", days_dropped=days, keys_forgotten=keys, records_trimmed=records)


async def _forget_keys(platform: Platform, before: date) -> int:
    """In small transactions, so that ingest never waits long."""
    forgotten = 0
    while True:
        with translated():
            async with platform.pool.acquire() as conn:
                some = await forget_keys(conn, before, limit=KEYS_AT_ONCE)
        forgotten += some
        if some < KEYS_AT_ONCE:
            return forgotten
