"""Making up for times of a schedule at which nothing started."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final, NamedTuple

from pydantic import Field

from services.api.executions.publish_command import publish_commands
from services.api.note_changes import note_command
from services.api.resources import ApiResources
from shared.bus.portions import portions
from shared.db.audit import Change
from shared.db.retention import pruned_before
from shared.db.schedules import Due, find_schedule, list_events, list_started
from shared.domain.due_times import due_times
from shared.domain.errors import Conflict, Invalid, Problem
from shared.domain.ids import ExecutionId, ScheduleId
from shared.domain.principals import Caller
from shared.domain.schedules import Instant
from shared.domain.values import Strict
from shared.wire.due_starts import encode_due, run_id
from shared.wire.envelope import stamp

TIMES_MAX: Final = 1_000
"""So many times a span may have."""

_TICK: Final = timedelta(microseconds=1)


class BackfillRequest(Strict):
    """Which span to look at, both ends included; without ``to`` up to now."""

    from_at: Instant = Field(alias="from")
    to_at: Instant | None = Field(None, alias="to")
    preview: bool = Field(default=False, description="Only say what would start.")


class Run(NamedTuple):
    """A time, and the execution that is started for it."""

    at: datetime
    execution_id: ExecutionId


class Backfill(NamedTuple):
    """The span, and its times: those that never started, and those that have."""

    from_at: datetime
    to_at: datetime
    missed: Sequence[Run]
    fired: Sequence[Run]


async def backfill_schedule(
    resources: ApiResources, caller: Caller, schedule_id: ScheduleId, asked: BackfillRequest
) -> Backfill:
    """Start what was missed in a span, unless a preview is asked for; on return it is durable.

    Neither a pause nor what is under way keeps anything from starting. Asked again it starts
    nothing twice: an execution's id follows from the time. Raises NotFound, Unavailable, Invalid
    for a span that is none, begins too long ago or has more than ``TIMES_MAX`` times, and Conflict
    where the schedule cannot start anything.
    """
    async with resources.tenant(caller.environment_id) as conn:
        due = await find_schedule(conn, schedule_id)
        runs, to_at = _runs(due, asked, resources.clock.now())
        started = await list_started(conn, [run.execution_id for run in runs])
        events = {} if asked.preview else await list_events(conn, [due])
    async with resources.engine() as conn:  # it is of all environments
        # After the executions: it is noted before any of them is deleted.
        _check_kept(asked, await pruned_before(conn))
    missed = [run for run in runs if run.execution_id not in started]
    fired = [run for run in runs if run.execution_id in started]
    found = Backfill(asked.from_at, to_at, missed, fired)
    if not asked.preview:
        _check_able(due)
        await note_command(resources, caller, _change(schedule_id, found))
        await _start(resources, due, events.get(schedule_id), missed)
    return found


def _check_kept(asked: BackfillRequest, ended_before: datetime | None) -> None:
    """What was started has ended since its time: it is there, unless it may be deleted."""
    if ended_before is not None and asked.from_at < ended_before:
        detail = (
            f"What ended before {stamp(ended_before)} may have been deleted: what was started"
            " before is not known. Ask from then on."
        )
        raise Invalid([Problem(pointer="/from", code="INVALID_SPAN", detail=detail)])


def _runs(due: Due, asked: BackfillRequest, now: datetime) -> tuple[Sequence[Run], datetime]:
    to_at = asked.to_at or now
    if not asked.from_at <= to_at <= now:
        detail = "Let it be after 'from', and not later than now."
        raise Invalid([Problem(pointer="/to", code="INVALID_SPAN", detail=detail)])
    kept = due.kept
    times = takewhile(lambda at: at <= to_at, due_times(kept.schedule, asked.from_at - _TICK))
    runs = [Run(at, run_id(kept, at)) for at in islice(times, TIMES_MAX + 1)]
    if len(runs) > TIMES_MAX:
        detail = f"It is due more than {TIMES_MAX} times in this span; ask for a shorter one."
        raise Invalid([Problem(pointer="/to", code="TOO_MANY_TIMES", detail=detail)])
    return runs, to_at


def _check_able(due: Due) -> None:
    if due.kept.is_resting:
        raise Conflict("Its workflow is not active: activate it first.")
    if due.made is not None and due.made.has_ended:
        raise Conflict("The event of the execution that set it up is not kept any more.")


async def _start(
    resources: ApiResources, due: Due, event: bytes | None, runs: Sequence[Run]
) -> None:
    """In portions: each command of a step's schedule holds its event."""
    commands = (
        (id_, encode_due(due.kept, due.made, event, at, source="/turnout/api")) for at, id_ in runs
    )
    for some in portions(commands, lambda command: len(command[1])):
        await publish_commands(resources, some)


def _change(schedule_id: ScheduleId, found: Backfill) -> Change:
    return Change(
        action="schedule.backfill",
        target=f"schedule:{schedule_id}",
        after={
            "from": stamp(found.from_at),
            "to": stamp(found.to_at),
            "starts": len(found.missed),
        },
    )
