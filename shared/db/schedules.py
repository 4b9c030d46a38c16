"""Schedules of live workflows, and those that steps of their executions have set up.

``workflows.py`` sets the former with each change; the latter rest while their workflow is not live.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId, ExecutionId, ScheduleId, StepId, WorkflowId
from shared.domain.schedules import Schedule, next_due
from shared.domain.workflows import Lifecycle, Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "schedules")


class StepOwner(NamedTuple):
    """The execution whose step has set a schedule up."""

    execution_id: ExecutionId
    step_id: StepId


class Kept(NamedTuple):
    """A schedule of a workflow's trigger, or of a step of an execution of it.

    ``next_at`` None: it is never due again. ``is_resting``: its workflow is not live.
    """

    id: ScheduleId
    workflow_id: WorkflowId
    environment_id: EnvironmentId
    workflow_version: int
    schedule: Schedule
    next_at: datetime | None
    owner: str | StepOwner
    is_resting: bool = False


class Made(NamedTuple):
    """The execution that has set a schedule up: the event it started with, None: not kept.

    ``lineage`` is what ``shared/wire/lineage.py`` writes.
    """

    event: bytes | None
    lineage: Mapping[str, Any]
    is_cancelled: bool


class Due(NamedTuple):
    """A schedule whose time has come; ``made`` where it is a step's."""

    kept: Kept
    made: Made | None


class ScheduleFilter(NamedTuple):
    """Which schedules to list; None leaves a condition out."""

    environment_id: EnvironmentId
    workflow_id: WorkflowId | None = None
    execution_id: ExecutionId | None = None


async def set_schedules(conn: Connection, workflow: Workflow) -> None:
    """Make the schedules of a workflow those of this version; one that is not live has none.

    Those of its steps rest while it is not live, and end when it is archived.
    """
    if workflow.lifecycle is Lifecycle.ARCHIVED:
        await end_schedules(conn, WorkflowId(workflow.id))
        return
    rows = [
        (name, trigger.schedule.model_dump_json(), next_at)
        for name, trigger in workflow.definition.named_triggers
        if workflow.is_matched
        and trigger.schedule is not None
        and (next_at := next_due(trigger.schedule, workflow.updated_at)) is not None
    ]
    await conn.execute(
        _SQL["set_schedules"],
        workflow.id,
        workflow.environment_id,
        workflow.version,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )
    await conn.execute(_SQL["rest_schedules"], workflow.id, not workflow.is_matched)


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
    async with conn.transaction():
        await conn.execute(_SQL["lock_workflow"], owner.execution_id)
        at: datetime | None = await conn.fetchval(
            _SQL["open_schedule"], id_, *owner, schedule.model_dump_json(), next_at
        )
    return at


async def list_schedules(
    conn: Connection, which: ScheduleFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Kept]:
    """Schedules in the order in which they are due; each may be due later as time goes on.

    So none is missed from page to page, and one that was due meanwhile is seen again.
    """
    rows = await conn.fetch(_SQL["list_schedules"], *which, *(after or (None, None)), limit)
    return [_kept(row) for row in rows]


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
    """Schedules that are due, locked until the end of the transaction; others pass over them."""
    return [
        Due(_kept(row), None if row["step_id"] is None else _made(row))
        for row in await conn.fetch(_SQL["claim_due"], now, limit)
    ]


async def put_off(conn: Connection, fired: Sequence[Kept]) -> None:
    """Say when each is due next."""
    await conn.execute(
        _SQL["put_off"],
        [kept.id for kept in fired],
        [kept.next_at for kept in fired],
    )


async def next_schedule_at(conn: Connection) -> datetime | None:
    """When the next schedule is due."""
    at: datetime | None = await conn.fetchval(_SQL["get_next"])
    return at


def _kept(row: Record) -> Kept:
    owner = StepOwner(row["execution_id"], row["step_id"])
    return Kept(
        id=row["id"],
        workflow_id=row["workflow_id"],
        environment_id=row["environment_id"],
        workflow_version=row["workflow_version"],
        schedule=Schedule.model_validate_json(row["schedule"]),
        next_at=row["next_at"],
        owner=owner if row["trigger_id"] is None else row["trigger_id"],
        is_resting=row["is_resting"],
    )


def _made(row: Record) -> Made:
    return Made(
        event=None if row["event"] is None else row["event"].encode(),
        lineage=orjson.loads(row["lineage"] or "{}"),
        is_cancelled=bool(row["is_cancelled"]),
    )
