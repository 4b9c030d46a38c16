"""Reading everything that is kept, a page at a time, to see that nothing was lost on the way."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from shared.db.pool import Connection
from shared.domain.executions import Status
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "conservation")

_PARTITIONS_MAX = 10_000
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a time on and before another."""

    from_at: datetime
    to_at: datetime

    @property
    def days(self) -> tuple[date, date]:
        """The archive's days, UTC, the first and the last."""
        return self.from_at.date(), self.to_at.date()

    def holds(self, at: datetime) -> bool:
        """Whether a time is in it."""
        return self.from_at <= at < self.to_at


class Cursor(NamedTuple):
    """How far a partition of ``commands`` is consumed, and its log written and published."""

    partition: int
    consumed_offset: int
    written_seq: int
    emitted_seq: int


class Arrived(NamedTuple):
    """An archived event; ``origin`` is where its record stands, None when its key is gone.

    ``environment_id`` and ``type`` are those that it is filed under.
    """

    key: EventKey
    environment_id: EnvironmentId
    type: str
    received_at: datetime
    record: bytes
    origin: str | None


class KnownEvent(NamedTuple):
    """What is known under an event's key; ``record`` is None when it is not archived."""

    key: EventKey
    origin: str
    body_hash: bytes
    received_on: date
    record: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """An execution; ``event_type`` and ``event_at`` are of the event it started with.

    ``lineage`` is as it is stored.
    """

    id: ExecutionId
    partition: int
    workflow_id: WorkflowId
    workflow_version: int
    event_key: EventKey
    status: Status
    created_at: datetime
    lineage: Any
    event_type: str | None
    event_at: datetime | None


async def list_cursors(conn: Connection) -> dict[int, Cursor]:
    """The cursors of each partition that ever had an owner."""
    rows = await conn.fetch(_SQL["list_cursors"], _PARTITIONS_MAX)
    return {row["partition"]: Cursor(*row) for row in rows}


async def archive_start(conn: Connection) -> date | None:
    """The first day that the archive still holds; None before it has any."""
    first: date | None = await conn.fetchval(_SQL["get_archive_start"])
    return first


async def event_environments(conn: Connection, span: Span) -> AsyncIterator[EnvironmentId]:
    """The environments of which events arrived on the days of a span."""
    id_: UUID | None = _FIRST_ID
    while id_ := await conn.fetchval(_SQL["next_environment_of_events"], id_, *span.days):
        yield EnvironmentId(id_)


async def execution_environments(conn: Connection) -> AsyncIterator[EnvironmentId]:
    """The environments that have executions."""
    id_: UUID | None = _FIRST_ID
    while id_ := await conn.fetchval(_SQL["next_environment_of_executions"], id_):
        yield EnvironmentId(id_)


async def list_arrived(
    conn: Connection,
    environment_id: EnvironmentId,
    span: Span,
    after: Arrived | None,
    *,
    limit: int,
) -> list[Arrived]:
    """The events of an environment that arrived in a span, in order, those after one."""
    place = (span.from_at, _FIRST_ID) if after is None else (after.received_at, after.key)
    rows = await conn.fetch(
        _SQL["list_arrived"], environment_id, *place, span.to_at, *span.days, limit
    )
    return [Arrived(**{**dict(row), "record": row["record"].encode()}) for row in rows]


async def list_known(conn: Connection, keys: Sequence[EventKey]) -> dict[EventKey, KnownEvent]:
    """What is known under these keys."""
    rows = await conn.fetch(_SQL["list_known"], keys, len(keys))
    return {
        row["key"]: KnownEvent(**{**dict(row), "record": _encoded(row["record"])}) for row in rows
    }


async def list_conflicting(
    conn: Connection, places: Sequence[tuple[EventKey, str]]
) -> frozenset[str]:
    """Which of these places hold records that were kept apart, since their key was another's."""
    keys, origins = [key for key, _ in places], [origin for _, origin in places]
    rows = await conn.fetch(_SQL["list_conflicting"], keys, origins, len(places))
    return frozenset(row["origin"] for row in rows)


async def list_present(conn: Connection, ids: Sequence[ExecutionId]) -> frozenset[ExecutionId]:
    """Which of these executions are there."""
    rows = await conn.fetch(_SQL["list_present"], ids, len(ids))
    return frozenset(ExecutionId(row["id"]) for row in rows)


async def list_forgotten(conn: Connection, ids: Sequence[ExecutionId]) -> frozenset[ExecutionId]:
    """Which of these executions have not ended, and would be found by nobody."""
    rows = await conn.fetch(_SQL["list_forgotten"], ids, len(ids))
    return frozenset(ExecutionId(row["id"]) for row in rows)


async def list_created(
    conn: Connection,
    environment_id: EnvironmentId,
    span: Span,
    after: Created | None,
    *,
    limit: int,
) -> list[Created]:
    """The executions of an environment created in a span, in order, those after one."""
    place = (span.from_at, _FIRST_ID) if after is None else (after.created_at, after.id)
    rows = await conn.fetch(_SQL["list_created"], environment_id, *place, span.to_at, limit)
    return [
        Created(
            **{
                **dict(row),
                "status": Status(row["status"]),
                "lineage": orjson.loads(row["lineage"] or "null"),
                "event_at": _time(row["event_at"]),
            }
        )
        for row in rows
    ]


async def next_change(conn: Connection, after: datetime, up_to: datetime) -> datetime | None:
    """When any workflow was changed next after a time, at another at the latest."""
    at: datetime | None = await conn.fetchval(_SQL["get_next_change"], after, up_to)
    return at


async def list_change_times(
    conn: Connection, workflow_id: WorkflowId, span: Span, *, limit: int
) -> list[datetime]:
    """When a workflow was changed within a span, in order."""
    given = (workflow_id, span.from_at, span.to_at, limit)
    return [row["changed_at"] for row in await conn.fetch(_SQL["list_change_times"], *given)]


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:  # of an entry that was damaged
        return None


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
