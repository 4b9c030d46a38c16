"""Starting executions by the clock: at the right instant, once, on any number of replicas.

A schedule's row is locked while its start command is published, and the command's execution id is
derived from the instant and from whose schedule it is, a workflow's trigger or an execution's step:
whoever fires it again starts nothing new. After an outage a schedule fires once, for the last time
that it missed.
"""

import asyncio
from datetime import datetime

import structlog

from services.scheduler.metrics import SchedulerMetrics
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.pool import translated
from shared.db.schedules import (
    Due,
    Kept,
    Made,
    StepOwner,
    claim_due,
    next_schedule_at,
    put_off,
)
from shared.domain.events import Event
from shared.domain.ids import ExecutionId, due_id, event_key, execution_id
from shared.domain.schedules import last_due, next_due
from shared.wire.commands import encode_start
from shared.wire.envelope import HEADERS, stamp
from shared.wire.events import encode_event
from shared.wire.lineage import Lineage, Repeat, read_asked

log = structlog.get_logger(__name__)

DUE = "schedule:due"
"""The type of the event that a workflow's schedule starts an execution with."""

AT_ONCE = 500
LOOK_AGAIN_S = 1.0
PAUSE_S = 0.05
"""Between two looks at what is due while another replica is at it."""


async def fire_schedules(
    platform: Platform, stop: asyncio.Event, metrics: SchedulerMetrics
) -> None:
    """Fire what is due until ``stop``. Raises Unavailable."""
    clock = platform.clock
    while not stop.is_set():
        with translated():
            async with platform.pool.acquire() as conn:
                next_at = await next_schedule_at(conn)
        wait_s = LOOK_AGAIN_S if next_at is None else (next_at - clock.now()).total_seconds()
        if wait_s > 0:
            await clock.wait(stop, min(LOOK_AGAIN_S, wait_s))
        elif not await fire_due(platform, metrics):
            # What is due another replica has locked.
            await clock.wait(stop, PAUSE_S)


async def fire_due(platform: Platform, metrics: SchedulerMetrics) -> int:
    """Start the executions of the schedules that are due; gives how many there were."""
    now = platform.clock.now()
    with translated():
        async with platform.pool.acquire() as conn, conn.transaction():
            found = await claim_due(conn, now, limit=AT_ONCE)
            fired = [_fired(platform, due, now) for due in found]
            await platform.bus.publish([record for record, _ in fired if record is not None])
            await put_off(conn, [kept for _, kept in fired])
    metrics.fired((due.kept for due in found), now)
    return len(found)


def _fired(platform: Platform, due: Due, now: datetime) -> tuple[Record | None, Kept]:
    """The start command for the time that has come, and when the next one does.

    No command, and no next time: the execution whose step it is was cancelled, or is not kept.
    """
    kept, made = due
    assert kept.next_at is not None, "a schedule that is due has a time"
    if made is not None and (made.is_cancelled or made.event is None):
        log.info("schedule_ended", schedule_id=str(kept.id), workflow_id=str(kept.workflow_id))
        return None, kept._replace(next_at=None)
    at = last_due(kept.schedule, kept.next_at, now)
    if at > kept.next_at:
        log.warning(
            "schedule_caught_up",
            schedule_id=str(kept.id),
            workflow_id=str(kept.workflow_id),
            missed_since=stamp(kept.next_at),
        )
    id_, event, lineage = _start(kept, made, at)
    value = encode_start(
        id_,
        kept.workflow_id,
        kept.workflow_version,
        event,
        at,
        source="/turnout/scheduler",
        lineage=lineage,
    )
    record = Record(
        topic=platform.topics.commands, key=str(id_).encode(), value=value, headers=HEADERS
    )
    return record, kept._replace(next_at=next_due(kept.schedule, at))


def _start(kept: Kept, made: Made | None, at: datetime) -> tuple[ExecutionId, bytes, Lineage]:
    """The execution to start, with which event, and what it belongs to."""
    if isinstance(kept.owner, str):
        event = _event(kept, kept.owner, at)
        return execution_id(kept.workflow_id, event.key), encode_event(event), Lineage()
    assert made is not None, "a step's schedule has its execution"
    assert made.event is not None, "one without its event has ended"
    owner: StepOwner = kept.owner
    repeats = Repeat(
        execution_id=owner.execution_id,
        inherits=True,
        step_id=owner.step_id,
        is_only=True,
        due_at=at,
    )
    asked = read_asked(made.lineage)
    lineage = Lineage(repeats=repeats, asked=asked and asked.repeated)
    return due_id(kept.id, at), made.event, lineage


def _event(kept: Kept, trigger_id: str, at: datetime) -> Event:
    source, id_ = f"/turnout/workflows/{kept.workflow_id}/triggers/{trigger_id}", stamp(at)
    return Event(
        key=event_key(kept.environment_id, source, id_),
        environment_id=kept.environment_id,
        type=DUE,
        source=source,
        id=id_,
        received_at=at,
        time=at,
        payload={
            "scheduled_at": id_,
            "trigger_id": trigger_id,
            "schedule": kept.schedule.model_dump(mode="json"),
        },
    )
