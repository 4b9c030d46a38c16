"""Executions that ended longer ago than they are kept, deleted with all that is kept of them.

Any number of replicas may do so at once, and each may be lost between two portions.
"""

import asyncio
from datetime import UTC, datetime, time, timedelta

import structlog

from services.scheduler.metrics import SchedulerMetrics
from services.scheduler.settings import SchedulerSettings
from shared.assembly.platform import Platform
from shared.db.conservation import archive_start, execution_environments
from shared.db.pool import translated
from shared.db.retention import (
    FIRST_PLACE,
    JOBS_AT_ONCE,
    note_pruning,
    prune_executions,
    prune_jobs,
)
from shared.domain.errors import Unavailable

log = structlog.get_logger(__name__)


async def prune(
    platform: Platform, settings: SchedulerSettings, metrics: SchedulerMetrics, stop: asyncio.Event
) -> None:
    """Delete what is past its time, unless all is kept; not much longer than from round to round.

    What is left then, or because somebody has a table locked, is left for the next round.
    """
    if settings.executions_kept_days is None:
        return
    until_s = platform.clock.monotonic() + settings.housekeeping_s
    try:
        with translated():
            before = await _begin(platform, settings.executions_kept_days)
            jobs = await _prune_jobs(platform, before)
            executions = await _prune_executions(platform, metrics, before, until_s, stop)
    except Unavailable as fault:
        log.warning("pruning_put_off", reason=fault.message)
    else:
        log.info(
            "executions_pruned", ended_before=before.isoformat(), executions=executions, jobs=jobs
        )


async def _begin(platform: Platform, kept_days: int) -> datetime:
    """Before which end to delete: what an archived event has started is there as long as that."""
    first_day = platform.clock.now().date() - timedelta(days=kept_days)
    async with platform.pool.acquire() as conn:
        if (start := await archive_start(conn)) is not None:
            first_day = min(first_day, start)
        before = datetime.combine(first_day, time(), UTC)
        await note_pruning(conn, before)
    return before


async def _prune_jobs(platform: Platform, before: datetime) -> int:
    """Before the executions of their blocks: a job is there as a whole, or not at all."""
    pruned, some = 0, JOBS_AT_ONCE
    while some == JOBS_AT_ONCE:
        async with platform.pool.acquire() as conn:
            some = await prune_jobs(conn, before)
        pruned += some
    return pruned


async def _prune_executions(
    platform: Platform,
    metrics: SchedulerMetrics,
    before: datetime,
    until_s: float,
    stop: asyncio.Event,
) -> int:
    """By turns of the environments, each once at least; gives how many executions."""
    pruned, clock = 0, platform.clock
    async with platform.pool.acquire() as conn:
        places = {id_: FIRST_PLACE async for id_ in execution_environments(conn)}
    while places and clock.monotonic() < until_s:
        for id_, after in list(places.items()):
            if stop.is_set():
                return pruned
            began_s = clock.monotonic()
            async with platform.pool.acquire() as conn:
                portion = await prune_executions(conn, id_, before, after)
            if portion is None:
                del places[id_]
                continue
            places[id_] = portion.up_to
            metrics.pruned.add(id_, count=portion.executions)
            pruned += portion.executions
            # Half of the time is for whoever else works with the database.
            await clock.wait(stop, clock.monotonic() - began_s)
    return pruned
