"""Reading executions and their log, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.db.search import (
    LOOKED_AT_MAX,
    Found,
    Place,
    bound_search,
    found_of,
)
from shared.domain.errors import NotFound
from shared.domain.executions import EXTENDED, AttemptStatus, Phase, Status
from shared.domain.ids import EnvironmentId, EventKey, ExecutionId, WorkflowId
from shared.domain.workflows import Dialect
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Where an execution is; ``error`` is what ended it, as JSON.

    ``steps_settled`` of ``steps_total`` have ended, Turnout's own (``plans.py``) among them.
    ``workflow_name`` and ``revision`` are those of its version. ``lineage`` is what
    ``shared/wire/lineage.py`` writes, and the ``cause`` where another execution caused it.
    """

    id: ExecutionId
    environment_id: EnvironmentId
    workflow_id: WorkflowId
    workflow_version: int
    workflow_name: str
    revision: str
    event_key: EventKey
    status: Status
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    steps_settled: int
    steps_total: int
    error: Mapping[str, Any] | None
    cancel_requested_at: datetime | None
    cancel_reason: str | None
    expires_at: datetime | None
    result_at: int | None
    lineage: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A line of an execution's log: an ended attempt (``step_id`` set), new phases, or both."""

    position: int
    phases: tuple[Phase, ...]
    step_id: str | None
    attempt: int | None
    status: AttemptStatus | None
    input: Any
    output: Any
    error: Mapping[str, Any] | None
    started_at: datetime | None
    ended_at: datetime
    wake_at: datetime | None
    handle: str | None

    @property
    def is_extended(self) -> bool:
        """Whether it says only until when the attempt waits on."""
        return self.status is AttemptStatus.WAITING and EXTENDED in self.output


@dataclass(frozen=True, slots=True)
class Result:
    """What an execution came to, any JSON value."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions to find; None leaves a condition out.

    ``parent_id`` is of those that its steps have started, ``root_event_key`` of all that came of
    an event. ``event_type`` is that of the event that started them, ``input`` JSON that its data
    holds, ``output`` JSON that their result holds, as jsonb's ``@>`` has it. ``dialect`` is that of
    their workflows: in its words those that were taken out of view are not there.
    """

    environment_id: EnvironmentId
    ids: Sequence[ExecutionId] | None = None
    workflow_id: WorkflowId | None = None
    workflow_version: int | None = None
    event_key: EventKey | None = None
    parent_id: ExecutionId | None = None
    root_event_key: EventKey | None = None
    statuses: Sequence[Status] | None = None
    from_at: datetime | None = None
    before_at: datetime | None = None
    finished_from_at: datetime | None = None
    finished_before_at: datetime | None = None
    event_type: str | None = None
    input: str | None = None
    output: str | None = None
    dialect: Dialect | None = None


async def get_execution(conn: Connection, execution_id: ExecutionId) -> Execution:
    """One execution. Raises NotFound, also for one whose start has not been carried out yet."""
    row = await conn.fetchrow(_SQL["find_execution"], execution_id)
    if row is None:
        raise NotFound(f"There is no execution {execution_id}.")
    return _execution(dict(row))


async def find_trigger(conn: Connection, execution_id: ExecutionId) -> bytes | None:
    """The event that started an execution, as the record on ``triggers``; None: not kept."""
    event: str | None = await conn.fetchval(_SQL["find_trigger"], execution_id)
    return None if event is None else event.encode()


async def find_result(conn: Connection, execution_id: ExecutionId) -> Result | None:
    """What a step answered, or else what the last completed step of a COMPLETED execution gave.

    None while there is none. Raises NotFound.
    """
    row = await conn.fetchrow(_SQL["find_result"], execution_id)
    if row is None:
        raise NotFound(f"There is no execution {execution_id}.")
    if row["result_at"] is not None:
        return Result(_loaded(row["answered"]))
    is_there = row["status"] == Status.COMPLETED
    return Result(_loaded(row["last_output"])) if is_there else None


async def search_executions(
    conn: Connection, which: ExecutionFilter, *, before: Place | None = None, limit: int
) -> Found[Execution]:
    """Executions, the latest first; ``before`` is where the page before ended."""
    await bound_search(conn)
    rows = await conn.fetch(
        _SQL["search_executions"],
        which.environment_id,
        which.workflow_id,
        which.event_key,
        which.parent_id,
        which.root_event_key,
        which.statuses,
        which.from_at,
        which.before_at,
        which.finished_from_at,
        which.finished_before_at,
        *(before or (None, None)),
        which.event_type,
        which.input,
        which.output,
        limit + 1,
        LOOKED_AT_MAX,
        which.dialect,
        which.ids,
        which.workflow_version,
    )
    return found_of(rows, _found, lambda row: (row["created_at"], row["id"]), limit)


async def list_retries(conn: Connection, ids: Sequence[ExecutionId]) -> Mapping[ExecutionId, int]:
    """How often some executions, by id, tried again what they tried again most."""
    rows = await conn.fetch(_SQL["list_retries"], ids, len(ids))
    return {row["execution_id"]: row["retries"] for row in rows}


async def list_entries(
    conn: Connection, execution_id: ExecutionId, *, after: int, limit: int
) -> list[LogEntry]:
    """The log after a position, in order."""
    rows = await conn.fetch(_SQL["list_entries"], execution_id, after, limit)
    return [_entry(row) for row in rows]


def _found(row: Record) -> Execution:
    return _execution({k: v for k, v in row.items() if k not in ("nth", "is_match")})


def _execution(row: Mapping[str, Any]) -> Execution:
    return Execution(
        **{
            **row,
            "status": Status(row["status"]),
            "error": _loaded(row["error"]),
            "lineage": _loaded(row["lineage"]),
        }
    )


def _entry(row: Record) -> LogEntry:
    columns = {
        **dict(row),
        "phases": tuple(Phase(phase) for phase in row["phases"]),
        "status": AttemptStatus(row["status"]) if row["status"] else None,
        "input": _loaded(row["input"]),
        "output": _loaded(row["output"]),
        "error": _loaded(row["error"]),
    }
    return LogEntry(**columns)


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
