"""Starting executions by the clock: at the right instant, once, on any number of replicas.

A schedule's row is locked while its start commands are published, and a command's execution id is
derived from the instant and from whose schedule it is, a workflow's trigger or an execution's step:
whoever fires it again starts nothing new.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from services.scheduler.decide_runs import Runs, decide_runs
from services.scheduler.metrics import SchedulerMetrics
from shared.assembly.platform import Platform
from shared.bus.portions import portions
from shared.bus.protocol import Record
from shared.db.pool import Connection, translated
from shared.db.schedules import (
    Due,
    claim_due,
    claim_queued,
    list_events,
    next_schedule,
    put_off,
)
from shared.domain.ids import ExecutionId, ScheduleId
from shared.domain.kept_schedules import SkipReason
from shared.runtime.clock import Clock
from shared.wire.commands import Cancel, encode_cancel
from shared.wire.due_starts import encode_due, run_id
from shared.wire.envelope import HEADERS, stamp

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Schedules that are locked at a time, and about how many executions are started in that time."""

ROUND_S = 2.0
"""So long the times of schedules are worked out in one go: meanwhile they are locked."""

TURN_S = 0.01
"""So long that is done before everything else in the process has its turn."""

LOOK_AGAIN_S = 1.0
PAUSE_S = 0.05
"""Between two looks at what is due while another replica is at it."""

_SOURCE = "/turnout/scheduler"


async def fire_schedules(
    platform: Platform, stop: asyncio.Event, metrics: SchedulerMetrics
) -> None:
    """Fire what is due until ``stop``. Raises Unavailable."""
    clock = platform.clock
    while not stop.is_set():
        with translated():
            async with platform.pool.acquire() as conn:
                coming = await next_schedule(conn)
        if coming.is_queued:
            await fire_queued(platform, metrics)
        at = coming.run_at
        wait_s = LOOK_AGAIN_S if at is None else (at - clock.now()).total_seconds()
        if wait_s > 0:
            await clock.wait(stop, min(LOOK_AGAIN_S, wait_s))
        elif not await fire_due(platform, metrics):
            # What is due another replica has locked.
            await clock.wait(stop, PAUSE_S)


async def fire_due(platform: Platform, metrics: SchedulerMetrics) -> int:
    """Deal with the schedules that are due; gives how many there were."""
    now = platform.clock.now()
    found = await _fire(platform, metrics, claim_due, now)
    metrics.fired(found, now)
    return len(found)


async def fire_queued(platform: Platform, metrics: SchedulerMetrics) -> int:
    """As ``fire_due``, what has waited for the end of an execution that has ended."""
    return len(await _fire(platform, metrics, claim_queued, platform.clock.now()))


class _Claim(Protocol):
    """Locks schedules that have something to start, until the end of the transaction."""

    async def __call__(self, conn: Connection, now: datetime, *, limit: int) -> list[Due]: ...


async def _fire(
    platform: Platform, metrics: SchedulerMetrics, claim: _Claim, now: datetime
) -> list[Due]:
    with translated():
        async with platform.pool.acquire() as conn, conn.transaction():
            found = await claim(conn, now, limit=AT_ONCE)
            decided = await _decided_of(found, now, platform.clock)
            if not decided:
                return []
            for some in portions(decided, _event_bytes):
                await _tell(platform, conn, some, now)
            await put_off(conn, [runs.kept for _, runs in decided])
    for due, runs in decided:
        for skipped in runs.skipped:
            metrics.skipped.add(due.kept.environment_id, skipped.reason)
    return [due for due, _ in decided]


def _event_bytes(decided: tuple[Due, Runs]) -> int:
    made, runs = decided[0].made, decided[1]
    return made.event_bytes or 0 if made and runs.start else 0


async def _tell(
    platform: Platform, conn: Connection, decided: Sequence[tuple[Due, Runs]], now: datetime
) -> None:
    """Publish what some start, in portions: each command of a step's schedule holds its event."""
    events = await list_events(conn, [due for due, runs in decided if runs.start])
    records = _records(platform, decided, events, now)
    for some in portions(records, lambda record: len(record.value or b"")):
        await platform.bus.publish(some)


async def _decided_of(found: Sequence[Due], now: datetime, clock: Clock) -> list[tuple[Due, Runs]]:
    """As many as start ``AT_ONCE`` executions, or take ``ROUND_S``; what is left is still due.

    Meanwhile others have their turns of the loop.
    """
    decided: list[tuple[Due, Runs]] = []
    starts, began_s = 0, clock.monotonic()
    turn_s = began_s
    for due in found:
        runs = _decided(due, now)
        decided.append((due, runs))
        starts += len(runs.start)
        at_s = clock.monotonic()
        if starts >= AT_ONCE or at_s - began_s >= ROUND_S:
            break
        if at_s - turn_s >= TURN_S:
            await asyncio.sleep(0)
            turn_s = clock.monotonic()
    return decided


def _decided(due: Due, now: datetime) -> Runs:
    """What to start; nothing, and no next time: the step's execution was cancelled, or not kept."""
    kept, made = due.kept, due.made
    if made is not None and made.has_ended:
        log.info("schedule_ended", schedule_id=str(kept.id), workflow_id=str(kept.workflow_id))
        over = kept._replace(next_at=None, run_at=None, queued_at=None)
        return Runs(start=(), cancel=None, skipped=(), kept=over)
    runs = decide_runs(due, now)
    for at, reason in runs.skipped:
        tell = log.warning if reason is SkipReason.MISSED else log.info
        tell(
            "schedule_skipped",
            schedule_id=str(kept.id),
            workflow_id=str(kept.workflow_id),
            due_at=stamp(at),
            reason=reason,
        )
    return runs


def _records(
    platform: Platform,
    decided: Sequence[tuple[Due, Runs]],
    events: Mapping[ScheduleId, bytes],
    now: datetime,
) -> Iterator[Record]:
    for due, runs in decided:
        if runs.cancel is not None:
            cancel = Cancel(
                execution_id=runs.cancel,
                reason="The schedule's next time has come.",
                requested_at=now,
            )
            yield _record(platform, runs.cancel, encode_cancel(cancel))
        for at in runs.start:
            event = events.get(due.kept.id)
            command = encode_due(due.kept, due.made, event, at, source=_SOURCE)
            yield _record(platform, run_id(due.kept, at), command)


def _record(platform: Platform, id_: ExecutionId, value: bytes) -> Record:
    return Record(
        topic=platform.topics.commands, key=str(id_).encode(), value=value, headers=HEADERS
    )
