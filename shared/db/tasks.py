"""Remote tasks: waits of kind ``task``, claimed by workers and kept alive by them.

The owner of an execution writes the same rows, many in one transaction. So nothing here ever holds
one row while it waits for another: that keeps deadlocks out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from shared.db.pool import Connection
from shared.domain.errors import Conflict, NotFound
from shared.domain.ids import EnvironmentId, ExecutionId, StepId, WorkflowId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps

_SQL = statements(Path(__file__).parent / "queries" / "tasks")

ATTEMPT_MAX = 2**31 - 1


class TaskId(NamedTuple):
    """An attempt of a step that a worker does; written ``execution:step:attempt``."""

    execution_id: ExecutionId
    step_id: StepId
    attempt: int

    @classmethod
    def parse(cls, written: str) -> "TaskId":
        """The parts of an id. Raises ValueError."""
        execution, _, rest = written.partition(":")
        step, _, attempt = rest.rpartition(":")
        task = cls(ExecutionId(UUID(execution)), StepId(step), int(attempt))
        is_told = written.isascii() and written.isprintable() and str(task) == written
        if not is_told or not 0 < task.attempt <= ATTEMPT_MAX:
            raise ValueError("a task's id is <execution>:<step>:<attempt>")
        return task

    def __str__(self) -> str:
        return f"{self.execution_id}:{self.step_id}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A task that a worker has; ``data`` is its Wait, ``progress`` what was last said of it."""

    id: TaskId
    workflow_id: WorkflowId
    since: datetime
    due_at: datetime
    data: Any
    progress: Any


class Beaten(NamedTuple):
    """A sign of life; None leaves what was said of progress, or how long the worker has it."""

    task: TaskId
    progress: Any = None
    claimed_until: datetime | None = None


async def claim_tasks(
    conn: Connection,
    environment_id: EnvironmentId,
    actions: Sequence[str],
    *,
    worker: str | None,
    now: datetime,
    until: datetime,
    limit: int,
) -> list[Claimed]:
    """Tasks of ``actions`` that nobody has, now this worker's; the longest waiting first."""
    names = list(dict.fromkeys(actions))
    rows = await conn.fetch(_SQL["claim_tasks"], environment_id, names, limit, now, until, worker)
    claimed = [
        Claimed(
            id=TaskId(row["execution_id"], StepId(row["step_id"]), row["attempt"]),
            workflow_id=WorkflowId(row["workflow_id"]),
            since=row["since"],
            due_at=row["due_at"],
            data=orjson.loads(row["data"]),
            progress=None if row["progress"] is None else orjson.loads(row["progress"]),
        )
        for row in rows
    ]
    for task in claimed:
        if "input" not in task.data:  # until November 2026 a secret's value could hide our words
            given = await conn.fetchval(_SQL["find_input"], *task.id)
            task.data["input"] = None if given is None else orjson.loads(given)
    return sorted(claimed, key=lambda task: task.since)


async def beat(conn: Connection, beats: Sequence[Beaten], now: datetime) -> set[TaskId]:
    """Note signs of life, one a task; gives those that are still waited for."""
    columns = [_columns(beaten) for beaten in beats]
    rows = await conn.fetch(_SQL["beat_tasks"], *map(list, zip(*columns, strict=True)), now)
    alive = {TaskId(row["execution_id"], StepId(row["step_id"]), row["attempt"]) for row in rows}
    for beaten, given in zip(beats, columns, strict=True):
        if beaten.task not in alive and await conn.fetchrow(_SQL["beat_task"], *given, now):
            alive.add(beaten.task)
    return alive


async def check_open(conn: Connection, task: TaskId) -> None:
    """Raises Conflict when nobody waits for the task, NotFound when there is no execution."""
    is_open = await conn.fetchval(_SQL["find_task"], *task)
    if is_open is None:
        raise NotFound(f"There is no task '{task}'.")
    if not is_open:
        raise closed(task)


def closed(task: TaskId) -> Conflict:
    """The error of an answer that comes too late."""
    return Conflict(
        f"Nobody waits for task '{task}' any more: it was answered, given up or cancelled."
    )


def _columns(beaten: Beaten) -> tuple[Any, ...]:
    progress = None if beaten.progress is None else dumps(beaten.progress).decode()
    return (*beaten.task, progress, beaten.claimed_until)
