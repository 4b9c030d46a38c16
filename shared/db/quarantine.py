"""Workflows that are set aside, as their conditions kept exceeding their bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

from shared.db.audit import Change, Noted, note_change
from shared.db.pool import Connection
from shared.domain.ids import EnvironmentId, EventKey, WorkflowId
from shared.domain.principals import Caller
from shared.domain.workflows import Workflow
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "quarantine")
_BY = "matcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Since when a version of a workflow is set aside, and why.

    ``code`` is the bound that was exceeded last (``ExpressionError``), ``event_key`` by
    which event.
    """

    workflow_id: WorkflowId
    version: int
    code: str
    event_key: EventKey
    since: datetime


async def set_aside(conn: Connection, quarantine: Quarantine) -> bool:
    """Let no event start a workflow's version, and note that; whether that is new.

    Needs ``workflows.lock_changes``.
    """
    row = await conn.fetchrow(
        _SQL["set_aside"],
        quarantine.workflow_id,
        quarantine.version,
        quarantine.code,
        quarantine.event_key,
        quarantine.since,
    )
    if row is None:
        return False
    told = {
        "version": quarantine.version,
        "code": quarantine.code,
        "event_key": str(quarantine.event_key),
    }
    target = f"workflow:{quarantine.workflow_id}"
    change = Change(action="workflow.quarantine", target=target, after=told)
    environment_id = EnvironmentId(row["environment_id"])
    caller = Caller(name=_BY, environment_id=environment_id, request_id=_BY)
    noted_as = uuid5(quarantine.workflow_id, f"quarantine:{quarantine.since.isoformat()}")
    noted = Noted(id=noted_as, at=quarantine.since, caller=caller, change=change)
    await note_change(conn, noted)
    return True


async def list_quarantines(
    conn: Connection, workflows: Sequence[Workflow]
) -> Mapping[UUID, Quarantine]:
    """Those of ``workflows`` that are set aside now, by their ids."""
    rows = await conn.fetch(_SQL["list_quarantines"], [one.id for one in workflows], len(workflows))
    return {
        row["workflow_id"]: Quarantine(
            workflow_id=row["workflow_id"],
            version=row["version"],
            code=row["code"],
            event_key=row["event_key"],
            since=row["since"],
        )
        for row in rows
    }


async def release_workflow(conn: Connection, workflow_id: UUID, now: datetime) -> None:
    """Set it aside no more; it need not be. The change is to be told by whoever makes it."""
    await conn.execute(_SQL["release_workflow"], workflow_id, now)
