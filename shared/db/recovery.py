"""Taking a partition over: the fence, and what its last owner left behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.causes import Cause
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, StepId, WorkflowId
from shared.runtime.sql import statements
from shared.wire.errors import step_error
from shared.wire.lineage import read_lineage
from shared.wire.results import Origin

_SQL = statements(Path(__file__).parent / "queries" / "recovery")

# An execution's history, and its open waits. The history may have twice as many entries as any
# ``TURNOUT_HISTORY_MAX`` before an end and the undoing follow.
ENTRIES_MAX = 250_000
WAITS_MAX = 1_000

TOLD_PAGE = 10_000
_BEFORE_ALL = ExecutionId(UUID(int=0)), -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A partition's epoch and cursors, as given to its new owner."""

    partition: int
    epoch: int
    consumed_offset: int
    active_offset: int
    written_seq: int
    emitted_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An execution that has not ended, as the database holds it."""

    origin: Origin
    command_offset: int
    event: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime | None
    timer_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished:
    """A log entry as it is, or was, or will be published; in ``seq``'s place."""

    seq: int
    origin: Origin
    entry: Entry
    at: datetime


async def lay_out(conn: Connection, partitions: int, *, now: datetime) -> int:
    """Over how many partitions executions are spread: those of the first who asked, for good."""
    await conn.execute(_SQL["lay_out"], partitions, now)
    spread: int = await conn.fetchval(_SQL["count_partitions"])
    return spread


async def claim(conn: Connection, partition: int, *, owner: str, now: datetime) -> Claim:
    """Become the owner of ``partition``: every write under an earlier epoch fails from now on."""
    row = await conn.fetchrow(_SQL["claim"], partition, owner, now)
    assert row is not None, "an upsert gives one row"
    return Claim(partition=partition, **dict(row))


async def list_unpublished(
    conn: Connection, partition: int, *, after_seq: int, limit: int
) -> list[Unpublished]:
    """Log entries after ``after_seq``, in order."""
    rows = await conn.fetch(_SQL["list_unpublished"], partition, after_seq, limit)
    return [_unpublished(row) for row in rows]


async def list_written(
    conn: Connection,
    ids: Sequence[ExecutionId],
    *,
    after: tuple[ExecutionId, int],
    limit: int,
) -> list[Unpublished]:
    """Log entries of these executions after a place, by execution and position."""
    rows = await conn.fetch(_SQL["list_written"], ids, *after, limit)
    return [_unpublished(row) for row in rows]


async def find_written(
    conn: Connection, places: Sequence[tuple[ExecutionId, int]]
) -> list[Unpublished]:
    """The log entries at these positions of executions, as far as there are any."""
    ids, positions = [id_ for id_, _ in places], [position for _, position in places]
    rows = await conn.fetch(_SQL["find_written"], ids, positions, len(places))
    return [_unpublished(row) for row in rows]


async def list_active(
    conn: Connection, partition: int, *, after_offset: int, limit: int
) -> list[Stored]:
    """Running executions whose command stands after ``after_offset``, in that order."""
    rows = await conn.fetch(_SQL["list_active"], partition, after_offset, limit)
    return [_stored(row) for row in rows]


async def list_executions(
    conn: Connection, partition: int, ids: Sequence[ExecutionId]
) -> list[Stored]:
    """Those of ``ids`` that are in ``partition`` and have not ended."""
    rows = await conn.fetch(_SQL["list_executions"], partition, ids, len(ids))
    return [_stored(row) for row in rows]


async def list_entries(
    conn: Connection, ids: Sequence[ExecutionId]
) -> dict[ExecutionId, list[Entry]]:
    """The log of each execution, in order."""
    rows = await conn.fetch(_SQL["list_entries"], ids, len(ids) * ENTRIES_MAX)
    logs: dict[ExecutionId, list[Entry]] = {id_: [] for id_ in ids}
    for row in rows:
        logs[row["execution_id"]].append(_entry(row))
    return logs


async def list_told(
    conn: Connection, ids: Sequence[ExecutionId]
) -> dict[ExecutionId, list[tuple[int, bytes]]]:
    """The commands each execution has not taken in yet, with their offsets, in order: all of them.

    One that is held may have been told more than a page holds, and nobody would look for the rest.
    """
    told: dict[ExecutionId, list[tuple[int, bytes]]] = {id_: [] for id_ in ids}
    after, is_more = _BEFORE_ALL, bool(ids)
    while is_more:
        rows = await conn.fetch(_SQL["list_told"], ids, *after, TOLD_PAGE)
        for row in rows:
            after = row["execution_id"], row["command_offset"]
            told[row["execution_id"]].append((row["command_offset"], row["command"].encode()))
        is_more = len(rows) == TOLD_PAGE
    return told


async def list_beats(
    conn: Connection, ids: Sequence[ExecutionId]
) -> list[tuple[ExecutionId, StepId, int, datetime]]:
    """The last sign of life of each remote task: execution, step, attempt, time."""
    rows = await conn.fetch(_SQL["list_beats"], ids, len(ids) * WAITS_MAX)
    return [(r["execution_id"], StepId(r["step_id"]), r["attempt"], r["beaten_at"]) for r in rows]


async def list_called(
    conn: Connection, partition: int, *, after: ExecutionId, limit: int
) -> list[ExecutionId]:
    """Executions after an id, by id, that must come back into memory though they wait.

    They were told something, or have not looked yet for an event that came before they waited.
    """
    rows = await conn.fetch(_SQL["list_called"], partition, after, limit)
    return [ExecutionId(row["execution_id"]) for row in rows]


async def list_timers(
    conn: Connection,
    partition: int,
    *,
    after: tuple[datetime, ExecutionId],
    before: datetime,
    limit: int,
) -> list[tuple[datetime, ExecutionId]]:
    """Timers after the timer ``after`` and due before ``before``, earliest first, then by id."""
    rows = await conn.fetch(_SQL["list_timers"], partition, *after, before, limit)
    return [(row["due_at"], ExecutionId(row["execution_id"])) for row in rows]


def _unpublished(row: Record) -> Unpublished:
    return Unpublished(
        seq=row["seq"],
        origin=_origin(row, row["execution_id"]),
        entry=_entry(row),
        at=row["ended_at"],
    )


def _stored(row: Record) -> Stored:
    return Stored(
        origin=_origin(row, row["id"]),
        command_offset=row["command_offset"],
        event=orjson.loads(row["event"]),
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        timer_at=row["timer_at"],
    )


def _origin(row: Record, execution_id: Any) -> Origin:
    told = _loaded(row["lineage"]) or {}
    workflow_id, event_key = WorkflowId(row["workflow_id"]), EventKey(row["event_key"])
    return Origin(
        execution_id=ExecutionId(execution_id),
        workflow_id=workflow_id,
        workflow_version=row["workflow_version"],
        environment_id=EnvironmentId(row["environment_id"]),
        event_key=event_key,
        cause=_cause(told.get("cause"), workflow_id, event_key),
        lineage=read_lineage(told),
    )


def _cause(told: Any, workflow_id: WorkflowId, event_key: EventKey) -> Cause:
    if told is None:
        return Cause(root=event_key, depth=0, path=(workflow_id,))
    return Cause(
        root=EventKey(UUID(told["root"])),
        depth=told["depth"],
        path=tuple(WorkflowId(UUID(workflow)) for workflow in told["path"]),
    )


def _entry(row: Record) -> Entry:
    phases = tuple(Phase(phase) for phase in row["phases"])
    if row["step_id"] is None:
        error = step_error(_loaded(row["error"]))
        return Entry(position=row["position"], phases=phases, error=error)
    attempt = Attempt(
        step_id=StepId(row["step_id"]),
        number=row["attempt"],
        status=AttemptStatus(row["status"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        input=_loaded(row["input"]),
        output=_loaded(row["output"]),
        error=step_error(_loaded(row["error"])),
        wake_at=row["wake_at"],
        handle=row["handle"],
    )
    return Entry(position=row["position"], attempt=attempt, phases=phases)


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
