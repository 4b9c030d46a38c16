"""Taking a partition over: the fence, and what its last owner left behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, StepId, WorkflowId
from shared.runtime.sql import statements
from shared.wire.results import Origin, step_error

_SQL = statements(Path(__file__).parent / "queries" / "recovery")

# An execution's log has at most 200 steps of 20 attempts, and its first entry.
ENTRIES_MAX = 4_001


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
    is_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished:
    """A log entry that may not have been published."""

    seq: int
    origin: Origin
    entry: Entry
    at: datetime


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
    return [
        Unpublished(
            seq=row["seq"],
            origin=_origin(row, row["execution_id"]),
            entry=_entry(row),
            at=row["ended_at"],
        )
        for row in rows
    ]


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


async def list_timers(
    conn: Connection, partition: int, *, before: datetime, limit: int
) -> list[tuple[datetime, ExecutionId]]:
    """Timers due before ``before``, earliest first."""
    rows = await conn.fetch(_SQL["list_timers"], partition, before, limit)
    return [(row["due_at"], ExecutionId(row["execution_id"])) for row in rows]


def _stored(row: Record) -> Stored:
    return Stored(
        origin=_origin(row, row["id"]),
        command_offset=row["command_offset"],
        event=orjson.loads(row["event"]),
        is_cancelled=row["cancel_requested_at"] is not None,
    )


def _origin(row: Record, execution_id: Any) -> Origin:
    return Origin(
        execution_id=ExecutionId(execution_id),
        workflow_id=WorkflowId(row["workflow_id"]),
        workflow_version=row["workflow_version"],
        environment_id=EnvironmentId(row["environment_id"]),
        event_key=EventKey(row["event_key"]),
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
        retry_at=row["retry_at"],
    )
    return Entry(position=row["position"], attempt=attempt, phases=phases)


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
