"""Steps that wait for something from outside: which do, and what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from shared.db.pool import Connection
from shared.domain.errors import NotFound
from shared.domain.executions import AttemptStatus, Status
from shared.domain.ids import EnvironmentId, ExecutionId, StepId, WorkflowId
from shared.domain.outcomes import WaitKind
from shared.runtime.sql import statements

_SQL = statements(Path(__file__).parent / "queries" / "waits")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWait:
    """A step that waits; ``data`` is ``Wait.data`` with the kind.

    The last four are a remote worker's: its last sign of life, what it said of its progress, and
    who has the task until when.
    """

    execution_id: ExecutionId
    step_id: StepId
    environment_id: EnvironmentId
    workflow_id: WorkflowId
    workflow_version: int
    kind: WaitKind
    subject: str
    attempt: int
    since: datetime
    due_at: datetime | None
    data: Mapping[str, Any]
    beaten_at: datetime | None
    progress: Any
    claimed_by: str | None
    claimed_until: datetime | None

    @property
    def place(self) -> tuple[datetime, UUID, str]:
        """Where it stands in the order of ``list_waits``."""
        return self.since, self.execution_id, self.step_id


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFilter:
    """Which waits to list; None leaves a condition out."""

    environment_id: EnvironmentId
    kind: WaitKind | None = None
    subject: str | None = None
    execution_id: ExecutionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a wait came to: how the step stands, and what it put out."""

    status: AttemptStatus
    output: Any
    error: Mapping[str, Any] | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a step waited for first, as ``Wait.data`` with the kind; None: it never waited.

    An execution that ended meanwhile leaves it without an answer.
    """

    asked: Mapping[str, Any] | None
    answer: Answer | None
    execution_status: Status

    @property
    def is_open(self) -> bool:
        """Whether an answer still counts."""
        is_asked = self.asked is not None and self.answer is None
        return is_asked and not self.execution_status.is_terminal


async def list_waits(
    conn: Connection,
    which: WaitFilter,
    *,
    after: tuple[datetime, UUID, str] | None = None,
    limit: int,
) -> list[OpenWait]:
    """Open waits, the oldest first; ``after`` is the ``place`` of the last one seen."""
    since, execution_id, step_id = after or (None, None, None)
    rows = await conn.fetch(
        _SQL["list_waits"],
        which.environment_id,
        which.kind,
        which.subject,
        which.execution_id,
        since,
        execution_id,
        step_id,
        limit,
    )
    return [_open_wait(row) for row in rows]


async def find_question(conn: Connection, execution_id: ExecutionId, step_id: StepId) -> Question:
    """What a step of an execution waited for, and what came. Raises NotFound: no execution."""
    row = await conn.fetchrow(_SQL["find_question"], execution_id, step_id)
    if row is None:
        raise NotFound(f"There is no execution {execution_id}.")
    return Question(
        asked=_loaded(row["asked"]),
        answer=None if row["status"] is None else _answer(row),
        execution_status=Status(row["execution_status"]),
    )


def _open_wait(row: Record) -> OpenWait:
    return OpenWait(
        **{
            **dict(row),
            "kind": WaitKind(row["kind"]),
            "data": _loaded(row["data"]),
            "progress": _loaded(row["progress"]),
        }
    )


def _answer(row: Record) -> Answer:
    return Answer(
        status=AttemptStatus(row["status"]),
        output=_loaded(row["output"]),
        error=_loaded(row["error"]),
        at=row["ended_at"],
    )


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
