"""Steps that wait for events, as the matcher looks for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.events import Event
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, StepId, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "awaiting")

NAMES_MAX = 20_000
_BEFORE_ALL = datetime.fromtimestamp(0, UTC)
_FIRST_ID = UUID(int=0)


class EventName(NamedTuple):
    """An event's name, as a wait writes it, in an environment."""

    environment_id: EnvironmentId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """An attempt of a step that waits for an event.

    ``data`` is its Wait, open ``since`` a time. ``started_at`` and ``started_by`` are the time and
    the event with which the execution started. ``is_quarantined``: its workflow is set aside in
    that version.
    """

    execution_id: ExecutionId
    step_id: StepId
    attempt: int
    data: Mapping[str, Any]
    since: datetime
    started_at: datetime
    started_by: EventKey
    workflow_id: WorkflowId
    workflow_version: int
    is_quarantined: bool

    def counts(self, event: Event) -> bool:
        """Whether the event came late enough, and is not the one that started the execution."""
        from_at = self.started_at if self.data["look_back"] else self.since
        return event.received_at >= from_at and event.key != self.started_by


async def list_names(conn: Connection, names: Iterable[EventName]) -> list[EventName]:
    """The names among ``names`` that are awaited, and the awaited ones with a trailing ``*``."""
    places = list(names)
    rows = await conn.fetch(
        _SQL["list_names"], [p.environment_id for p in places], [p.name for p in places], NAMES_MAX
    )
    return [EventName(EnvironmentId(row["environment_id"]), row["subject"]) for row in rows]


async def list_waits(
    conn: Connection, name: EventName, *, after: Awaiting | None, limit: int
) -> list[Awaiting]:
    """The open waits for a name in the order in which they began, those after one."""
    place = (_BEFORE_ALL, _FIRST_ID, "")
    if after is not None:
        place = (after.since, after.execution_id, after.step_id)
    return [_awaiting(row) for row in await conn.fetch(_SQL["list_waits"], *name, *place, limit)]


def _awaiting(row: Record) -> Awaiting:
    return Awaiting(
        execution_id=ExecutionId(row["execution_id"]),
        step_id=StepId(row["step_id"]),
        attempt=row["attempt"],
        data=orjson.loads(row["data"]),
        since=row["since"],
        started_at=row["created_at"],
        started_by=EventKey(row["event_key"]),
        workflow_id=WorkflowId(row["workflow_id"]),
        workflow_version=row["workflow_version"],
        is_quarantined=row["is_quarantined"],
    )
