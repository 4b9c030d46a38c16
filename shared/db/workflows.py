"""Workflows: their current state, their immutable versions, and the numbered changes.

Changes are written one transaction at a time, so their numbers ascend in the order of commits:
who has seen change n has seen every change before it. Each is announced on ``CHANNEL`` with its
number as the payload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.db.quarantine import release_workflow
from shared.db.schedules import end_schedules, set_schedules
from shared.db.webhooks import end_webhooks, set_webhooks
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId, WorkflowId, own_id
from shared.domain.workflows import Definition, Dialect, Lifecycle, Workflow
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

CHANNEL = "turnout_workflows"

_SQL = statements(Path(__file__).parent / "queries" / "workflows")
_LOCK = 0x7475726E_776F726B  # "turnwork"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A workflow's latest version; a deleted workflow keeps its versions."""

    workflow: Workflow
    is_deleted: bool


class Taken(Conflict):
    """A workflow of another environment has the id."""


class Runs(NamedTuple):
    """When a workflow was last started, and when a schedule is to start it next; None: never."""

    last_at: datetime | None
    next_at: datetime | None


async def lock_changes(conn: Connection) -> None:
    """Be the only one who changes workflows, until the transaction ends.

    To be taken before reading what is going to be changed.
    """
    await conn.execute(_SQL["lock_changes"], _LOCK)


async def write_workflow(
    conn: Connection, workflow: Workflow, *, is_unindexed: bool = False
) -> int:
    """Make ``workflow`` the current version; return the change's number.

    One that is active is not set aside any more. ``is_unindexed``: events may start it, and none
    of its conditions can be looked up.

    Needs ``lock_changes``. A version that exists is not written again. Raises Taken, with nothing
    written.
    """
    # One statement after another: a version is its workflow's, which is to be there before it.
    written = await conn.fetchval(
        _SQL["put_workflow"],
        workflow.id,
        workflow.environment_id,
        workflow.version,
        workflow.is_active,
        workflow.created_at,
        workflow.updated_at,
        workflow.created_by,
        is_unindexed,
    )
    if written is None:
        raise Taken
    await conn.execute(
        _SQL["keep_version"],
        workflow.id,
        workflow.version,
        workflow.dialect.value,
        workflow.lifecycle.value,
        workflow.definition.model_dump_json(),
        dumps(workflow.source).decode(),
        workflow.updated_at,
    )
    if workflow.is_active:
        await release_workflow(conn, workflow.id, workflow.updated_at)
    number: int = await conn.fetchval(
        _SQL["add_change"], workflow.id, workflow.version, workflow.is_active, workflow.updated_at
    )
    await set_schedules(conn, workflow)
    await set_webhooks(conn, workflow)
    return number


async def delete_workflow(conn: Connection, workflow_id: WorkflowId, now: datetime) -> None:
    """End a workflow. Needs ``lock_changes``. Raises NotFound."""
    if await conn.fetchrow(_SQL["delete_workflow"], workflow_id, now) is None:
        raise _not_found(workflow_id)
    await end_schedules(conn, workflow_id)
    await end_webhooks(conn, workflow_id)


async def find_latest(conn: Connection, workflow_id: WorkflowId) -> Latest | None:
    """The latest version, also of a deleted workflow."""
    row = await conn.fetchrow(_SQL["find_latest"], workflow_id)
    return None if row is None else Latest(workflow=workflow_of(row), is_deleted=row["is_deleted"])


async def find_given(
    conn: Connection, environment_id: EnvironmentId, given: WorkflowId
) -> Latest | None:
    """As ``find_latest``, also of the workflow that was given this id and got one of its own."""
    return await find_latest(conn, given) or await find_latest(conn, own_id(environment_id, given))


async def get_workflow(conn: Connection, workflow_id: WorkflowId) -> Workflow:
    """The current version. Raises NotFound."""
    return _current(await find_latest(conn, workflow_id), workflow_id)


async def get_given(conn: Connection, environment_id: EnvironmentId, given: WorkflowId) -> Workflow:
    """As ``get_workflow``, also of the workflow that was given this id and got one of its own."""
    return _current(await find_given(conn, environment_id, given), given)


async def id_given(
    conn: Connection, environment_id: EnvironmentId, given: WorkflowId
) -> WorkflowId:
    """The id of the workflow that was given this one; that itself where there is none."""
    latest = await find_given(conn, environment_id, given)
    return given if latest is None else WorkflowId(latest.workflow.id)


def _current(latest: Latest | None, workflow_id: WorkflowId) -> Workflow:
    if latest is None or latest.is_deleted:
        raise _not_found(workflow_id)
    return latest.workflow


async def count_unindexed(
    conn: Connection, environment_id: EnvironmentId, besides: WorkflowId
) -> int:
    """How many live workflows, other than one, have conditions that every event must try."""
    found: int = await conn.fetchval(_SQL["count_unindexed"], environment_id, besides)
    return found


async def get_version(conn: Connection, workflow_id: WorkflowId, version: int) -> Workflow:
    """One version, also of a deleted workflow. Raises NotFound."""
    row = await conn.fetchrow(_SQL["find_version"], workflow_id, version)
    if row is None:
        raise NotFound(f"Workflow {workflow_id} has no version {version}.")
    return workflow_of(row)


async def list_workflows(
    conn: Connection,
    *,
    environment_id: EnvironmentId,
    dialect: Dialect | None = None,
    event_name: str | None = None,
    lifecycle: Lifecycle | None = None,
    ids: Sequence[WorkflowId] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Workflow]:
    """Current versions in the order of creation; ``event_name`` is that of a trigger, exact.

    Without a ``lifecycle`` all but the archived ones.
    """
    created_at, id_ = after or (None, None)
    rows = await conn.fetch(
        _SQL["list_workflows"],
        environment_id,
        dialect,
        event_name,
        created_at,
        id_,
        lifecycle,
        limit,
        ids,
    )
    return [workflow_of(row) for row in rows]


async def list_runs(conn: Connection, workflows: Sequence[Workflow]) -> Mapping[UUID, Runs]:
    """The runs of each of ``workflows``, by its id."""
    ids = [workflow.id for workflow in workflows]
    rows = await conn.fetch(_SQL["list_runs"], ids, len(ids))
    return {row["id"]: Runs(row["last_run_at"], row["next_run_at"]) for row in rows}


async def find_by_token(conn: Connection, token_hash: str) -> tuple[str, Workflow] | None:
    """The live workflow that a webhook's address starts, and the id of that trigger."""
    row = await conn.fetchrow(_SQL["find_by_token"], token_hash)
    return None if row is None else (row["trigger_id"], workflow_of(row))


def workflow_of(row: Record) -> Workflow:
    """The workflow that a row of any of these statements holds."""
    return Workflow(
        id=row["id"],
        environment_id=row["environment_id"],
        version=row["version"],
        dialect=Dialect(row["dialect"]),
        lifecycle=Lifecycle(row["lifecycle"]),
        is_active=row["is_active"],
        definition=Definition.model_validate_json(row["definition"]),
        source=orjson.loads(row["source"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        is_quarantined=row.get("is_quarantined", False),
    )


def _not_found(workflow_id: WorkflowId) -> NotFound:
    return NotFound(f"There is no workflow {workflow_id}.")
