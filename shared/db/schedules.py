"""Schedules of live workflows, and those that steps of their executions have set up.

``workflows.py`` sets the former with each change; the latter rest while their workflow is not live.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.due_times import next_due, run_at
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId, ExecutionId, ScheduleId, WorkflowId, due_id
from shared.domain.kept_schedules import Kept, LastRun, Pause, Skipped, SkipReason, StepOwner
from shared.domain.schedules import Schedule
from shared.domain.workflows import Lifecycle, Workflow
from shared.runtime.sql import statements
from shared.wire.due_starts import Made, deferred, trigger_run_id

_SQL = statements(Path(__file__).parent / "queries" / "schedules")

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Where in a list those are that are never due again."""

CLAIMERS: Final = 4
"""So many replicas find schedules of their own while all the others are busy with theirs."""

_ADMITTED_WITHIN: Final = timedelta(minutes=5)
"""So long an execution that was told to start, and is not there yet, counts as under way."""


class Due(NamedTuple):
    """A schedule whose time has come; ``made`` where it is a step's.

    ``is_under_way``: the execution that it started last has not ended. ``changed_at``: its workflow
    was changed last then, and may not have been live before.
    """

    kept: Kept
    made: Made | None
    is_under_way: bool = False
    changed_at: datetime | None = None


class Next(NamedTuple):
    """When the next schedule starts something; whether any waits for the end of an execution."""

    run_at: datetime | None
    is_queued: bool


class ScheduleFilter(NamedTuple):
    """Which schedules to list; None leaves a condition out."""

    environment_id: EnvironmentId
    workflow_id: WorkflowId | None = None
    execution_id: ExecutionId | None = None


async def set_schedules(conn: Connection, workflow: Workflow) -> None:
    """Make the schedules of a workflow those of this version; one that is not live has none.

    Those of its steps rest while it is not live. Those of its triggers do so unseen, so that they
    know what runs when it is live again, or seen, where they are paused. What falls due meanwhile
    they do not make up for. One that is not changed itself keeps a time that is due or waits, the
    last one too. All end when it is archived.
    """
    if workflow.lifecycle is Lifecycle.ARCHIVED:
        await end_schedules(conn, WorkflowId(workflow.id))
        return
    rows = [
        (name, schedule.model_dump_json(), *_next(workflow, name, schedule))
        for name, trigger in workflow.definition.named_triggers
        if (schedule := trigger.schedule) is not None
    ]
    await conn.execute(
        _SQL["set_schedules"],
        workflow.id,
        workflow.environment_id,
        workflow.version,
        *([row[column] for row in rows] for column in range(4)),
        workflow.is_matched,
    )
    await conn.execute(_SQL["rest_schedules"], workflow.id, not workflow.is_matched)


def _next(
    workflow: Workflow, trigger_id: str, schedule: Schedule
) -> tuple[datetime | None, float | None]:
    """When a trigger is due from this version on, and how much later that starts; Nones: never."""
    at = next_due(schedule, workflow.updated_at) if workflow.is_matched else None
    if at is None:
        return None, None
    ids = EnvironmentId(workflow.environment_id), WorkflowId(workflow.id)
    return at, (run_at(schedule, at, trigger_run_id(*ids, trigger_id, at)) - at).total_seconds()


async def open_schedule(
    conn: Connection,
    id_: ScheduleId,
    owner: StepOwner,
    schedule: Schedule,
    next_at: datetime,
) -> datetime | None:
    """Set up the schedule of an execution's step; gives when it is due next.

    One that is there stays as it is. None: its workflow is archived or deleted.
    """
    delay = run_at(schedule, next_at, due_id(id_, next_at)) - next_at
    written = (schedule.model_dump_json(), next_at, delay.total_seconds())
    async with conn.transaction():
        await conn.execute(_SQL["lock_workflow"], owner.execution_id)
        at: datetime | None = await conn.fetchval(_SQL["open_schedule"], id_, *owner, *written)
    return at


async def list_schedules(
    conn: Connection, which: ScheduleFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Kept]:
    """Schedules in the order in which they are due; each may be due later as time goes on.

    So none is missed from page to page, and one that was due meanwhile is seen again.
    """
    place = after or (None, None)
    rows = await conn.fetch(_SQL["list_schedules"], *which, *place, limit, NEVER)
    return [_kept(row) for row in rows]


async def find_schedule(conn: Connection, id_: ScheduleId) -> Due:
    """A schedule, whether it is due or not. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_schedule"], id_)
    found = None if row is None else Due(_kept(row), _made(row))
    if found is None or (found.made is not None and found.made.is_cancelled):
        raise NotFound(f"There is no schedule {id_}.")
    return found


async def pause_schedule(conn: Connection, id_: ScheduleId, pause: Pause) -> Kept:
    """Let nothing start until it is resumed; once more replaces the note. Raises NotFound."""
    await conn.execute(_SQL["lock_schedule"], id_)
    kept = (await find_schedule(conn, id_)).kept
    pause = pause if kept.pause is None else kept.pause._replace(note=pause.note)
    await conn.execute(_SQL["pause_schedule"], id_, *pause)
    return kept._replace(pause=pause)


async def resume_schedule(conn: Connection, id_: ScheduleId, now: datetime) -> Kept:
    """End a pause: it is due again after ``now``, and not at the times before. Raises NotFound.

    One that is never due again leaves. One that is not paused stays as it is.
    """
    await conn.execute(_SQL["lock_schedule"], id_)
    kept = (await find_schedule(conn, id_)).kept
    if kept.pause is None:
        return kept
    kept = deferred(kept, now)._replace(pause=None)
    await conn.execute(_SQL["pause_schedule"], id_, None, None, None)
    await put_off(conn, [kept])
    return kept


async def list_events(conn: Connection, found: Iterable[Due]) -> dict[ScheduleId, bytes]:
    """The events of the executions that have set some schedules up; large ones, perhaps."""
    owners = {
        due.kept.id: due.kept.owner.execution_id
        for due in found
        if isinstance(due.kept.owner, StepOwner)
    }
    if not owners:
        return {}
    ids = set(owners.values())
    rows = await conn.fetch(_SQL["list_events"], list(ids), len(ids))
    events = {row["execution_id"]: row["event"].encode() for row in rows}
    return {id_: events[owner] for id_, owner in owners.items() if owner in events}


async def list_started(conn: Connection, ids: Sequence[ExecutionId]) -> set[ExecutionId]:
    """Which of some executions there are."""
    return {row["id"] for row in await conn.fetch(_SQL["list_started"], ids, len(ids))}


async def end_schedule(conn: Connection, id_: ScheduleId) -> None:
    """End the schedule of a step. Raises NotFound, and Conflict for one of a workflow itself."""
    row = await conn.fetchrow(_SQL["end_schedule"], id_)
    if row is None:
        raise NotFound(f"There is no schedule {id_}.")
    if not row["has_ended"]:
        raise Conflict(
            f"Schedule {id_} is a trigger of workflow {row['workflow_id']}:"
            " change or deactivate that."
        )


async def end_schedules(conn: Connection, workflow_id: WorkflowId) -> None:
    """Forget the schedules of a workflow that has ended."""
    await conn.execute(_SQL["end_schedules"], workflow_id)


async def claim_due(conn: Connection, now: datetime, *, limit: int) -> list[Due]:
    """Schedules that are due, locked until the end of the transaction; others pass over them.

    Environments by turns, of each the longest due first.
    """
    among = CLAIMERS * limit
    return _claimed(await conn.fetch(_SQL["claim_due"], now, limit, now - _ADMITTED_WITHIN, among))


async def claim_queued(conn: Connection, now: datetime, *, limit: int) -> list[Due]:
    """As ``claim_due``, those of which a time has waited for an end that has come."""
    return _claimed(await conn.fetch(_SQL["claim_queued"], limit, now - _ADMITTED_WITHIN))


async def put_off(conn: Connection, dealt_with: Sequence[Kept]) -> None:
    """Write down what has come of some, and when each is due next; one that is over leaves."""
    rows = [
        (
            kept.id,
            kept.next_at,
            _kept_delay_s(kept),
            *(kept.last or (None, None, None)),
            kept.queued_at,
            *(kept.skipped or (None, None)),
        )
        for kept in dealt_with
    ]
    await conn.execute(_SQL["put_off"], *map(list, zip(*rows, strict=True)))


async def next_schedule(conn: Connection) -> Next:
    """What comes next."""
    row = await conn.fetchrow(_SQL["get_next"])
    assert row is not None, "it counts, and so always answers"
    return Next(*row)


def _kept_delay_s(kept: Kept) -> float:
    if kept.next_at is None or kept.run_at is None:
        return 0.0
    return (kept.run_at - kept.next_at).total_seconds()


def _claimed(rows: Sequence[Record]) -> list[Due]:
    return [
        Due(_kept(row), _made(row), bool(row["is_under_way"]), row["changed_at"]) for row in rows
    ]


def _kept(row: Record) -> Kept:
    owner = StepOwner(row["execution_id"], row["step_id"])
    pause = Pause(row["paused_at"], row["paused_by"], row["pause_note"])
    last = LastRun(row["last_at"], row["last_execution_id"], row["last_started_at"])
    reason = row["skip_reason"]
    return Kept(
        id=row["id"],
        workflow_id=row["workflow_id"],
        environment_id=row["environment_id"],
        workflow_version=row["workflow_version"],
        schedule=Schedule.model_validate_json(row["schedule"]),
        next_at=row["next_at"],
        run_at=row["run_at"],
        owner=owner if row["trigger_id"] is None else row["trigger_id"],
        is_resting=row["is_resting"],
        pause=None if row["paused_at"] is None else pause,
        last=None if row["last_at"] is None else last,
        queued_at=row["queued_at"],
        skipped=None if reason is None else Skipped(row["skipped_at"], SkipReason(reason)),
    )


def _made(row: Record) -> Made | None:
    if row["step_id"] is None:
        return None
    return Made(
        event_bytes=row["event_bytes"],
        lineage=orjson.loads(row["lineage"] or "{}"),
        is_cancelled=bool(row["is_cancelled"]),
    )
