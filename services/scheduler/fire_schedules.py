"""Starting workflows by the clock: at the right instant, once, on any number of replicas.

A schedule's row is locked while its start command is published, and the command's execution id is
derived from the workflow, the trigger and the instant: whoever fires it again starts nothing new.
After an outage a schedule fires once, for the last time that it missed.
"""

import asyncio
from datetime import datetime

import structlog

from services.scheduler.metrics import SchedulerMetrics
from shared.assembly.platform import Platform
from shared.bus.protocol import Record
from shared.db.pool import translated
from shared.db.schedules import Due, claim_due, next_schedule_at, put_off
from shared.domain.events import Event
from shared.domain.ids import event_key, execution_id
from shared.domain.schedules import last_due, next_due
from shared.wire.commands import encode_start
from shared.wire.envelope import HEADERS, stamp
from shared.wire.events import encode_event

log = structlog.get_logger(__name__)

DUE = "schedule:due"
"""The type of the event that a schedule starts an execution with."""

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
        began_at = clock.now()
        if await fire_due(platform, metrics) == AT_ONCE:
            continue
        with translated():
            async with platform.pool.acquire() as conn:
                next_at = await next_schedule_at(conn)
        wait_s = LOOK_AGAIN_S if next_at is None else (next_at - clock.now()).total_seconds()
        # What was due and still is another replica has locked.
        least_s = PAUSE_S if next_at is not None and next_at <= began_at else 0.0
        await clock.wait(stop, min(LOOK_AGAIN_S, max(least_s, wait_s)))


async def fire_due(platform: Platform, metrics: SchedulerMetrics) -> int:
    """Start the executions of the schedules that are due; gives how many there were."""
    now = platform.clock.now()
    with translated():
        async with platform.pool.acquire() as conn, conn.transaction():
            found = await claim_due(conn, now, limit=AT_ONCE)
            fired = [_fired(platform, due, now) for due in found]
            await platform.bus.publish([record for record, _ in fired])
            await put_off(conn, [due for _, due in fired])
    metrics.fired(found, now)
    return len(found)


def _fired(platform: Platform, due: Due, now: datetime) -> tuple[Record, Due]:
    """The start command for the time that has come, and when the next one does."""
    assert due.next_at is not None, "a schedule that is due has a time"
    at = last_due(due.schedule, due.next_at, now)
    if at > due.next_at:
        log.warning(
            "schedule_caught_up",
            workflow_id=str(due.workflow_id),
            trigger_id=due.trigger_id,
            missed_since=stamp(due.next_at),
        )
    event = _event(due, at)
    id_ = execution_id(due.workflow_id, event.key)
    value = encode_start(
        id_,
        due.workflow_id,
        due.workflow_version,
        encode_event(event),
        at,
        source="/turnout/scheduler",
    )
    record = Record(
        topic=platform.topics.commands, key=str(id_).encode(), value=value, headers=HEADERS
    )
    return record, due._replace(next_at=next_due(due.schedule, at))


def _event(due: Due, at: datetime) -> Event:
    source, id_ = f"/turnout/workflows/{due.workflow_id}/triggers/{due.trigger_id}", stamp(at)
    return Event(
        key=event_key(due.environment_id, source, id_),
        environment_id=due.environment_id,
        type=DUE,
        source=source,
        id=id_,
        received_at=at,
        time=at,
        payload={
            "scheduled_at": id_,
            "trigger_id": due.trigger_id,
            "schedule": due.schedule.model_dump(mode="json"),
        },
    )
