"""Executions and what was done in them, in Thena's words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid5

import orjson

from services.api.dialects.thena.documents import (
    ThenaCalledDocument,
    ThenaExecutionDocument,
    ThenaTaskDocument,
)
from services.api.dialects.thena.steps import SLEEP_ACTIVITY
from services.api.executions.restore_execution import CurrentStep
from services.api.http.payloads import Payload, error_shown
from shared.db.history import Execution, LogEntry
from shared.domain.errors import Defect
from shared.domain.executions import AttemptStatus, Status
from shared.domain.ids import split_key
from shared.domain.outcomes import WaitKind
from shared.domain.short_ids import short_id
from shared.domain.steps import Step
from shared.domain.workflows import Dialect
from shared.expr.scope import told_of
from shared.wire.envelope import stamp, stamped
from shared.wire.events import decode_event


class Word(StrEnum):
    """Where an execution is, as Thena says it; none is there before it has begun."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    EXECUTING_ACTIVITIES = "EXECUTING_ACTIVITIES"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    COMPENSATING = "COMPENSATING"
    SUSPENDED = "SUSPENDED"


STATUSES: Final[Mapping[Word, tuple[Status, ...]]] = MappingProxyType(
    {
        Word.PENDING: (),
        Word.SCHEDULED: (),
        Word.EXECUTING_ACTIVITIES: (Status.RUNNING, Status.WAITING),
        Word.FINISHED: (Status.COMPLETED,),
        Word.FAILED: (Status.FAILED, Status.CANCELLED, Status.EXPIRED),
        Word.RETRYING: (Status.RETRYING,),
        Word.COMPENSATING: (Status.COMPENSATING,),
        Word.SUSPENDED: (Status.SUSPENDED, Status.WAITING),
    }
)
"""The states of Turnout's that each of them may be; one that waits is told apart by what for."""

_WORD_OF: Final = {
    status: word
    for word, statuses in STATUSES.items()
    for status in statuses
    if status is not Status.WAITING
}
_UNAUTHORIZED: Final = frozenset({401, 403})
_OPEN: Final = frozenset({"SCHEDULED", "STARTED", "AWAITING_USER_INPUT"})
_ASKING: Final = frozenset({WaitKind.APPROVAL, WaitKind.FORM})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """An attempt, as far as it has come."""

    key: str
    attempt: int
    status: str
    started_at: datetime | None
    updated_at: datetime
    entry: LogEntry | None = None

    @property
    def is_open(self) -> bool:
        return self.status in _OPEN


def execution_word(status: Status, *, asks_somebody: bool) -> Word:
    """Where an execution is; one that waits for nobody is at work, be it on waiting."""
    if status is Status.WAITING:
        return Word.SUSPENDED if asks_somebody else Word.EXECUTING_ACTIVITIES
    return _WORD_OF[status]


def render_execution(
    execution: Execution, word: Word, event: bytes | None
) -> ThenaExecutionDocument:
    """An execution; ``event`` is what started it, as it is kept."""
    return {
        "id": short_id(execution.id),
        "workflowId": short_id(execution.workflow_id),
        "version": execution.workflow_version,
        "status": word,
        "context": Payload({**_told(event), "name": execution.workflow_name}),
        "error": _error(execution),
        "startedAt": stamp(execution.created_at),
        "lastUpdatedAt": stamp(execution.updated_at),
    }


def render_tasks(
    execution: Execution,
    entries: Iterable[LogEntry],
    current: Sequence[CurrentStep],
    steps: Mapping[str, Step],
) -> list[ThenaTaskDocument]:
    """One task an attempt, in the order in which they began; ``steps`` are by their ids.

    What Turnout does by itself (looking annotations up) is no task, nor is a step that was not to
    run. ``current`` is what has begun and may not be in the log yet.
    """
    tasks: dict[tuple[str, int], _Task] = {}
    for entry in entries:
        if (task := _logged(entry)) is not None:
            earlier = tasks.get((task.key, task.attempt), task)
            told = earlier.entry if entry.is_extended else entry
            tasks[task.key, task.attempt] = replace(task, started_at=earlier.started_at, entry=told)
    for step in current:
        task = _current(step, execution)
        if task.key[0] != "$" and step.stands != "waiting":
            known = tasks.get((task.key, task.attempt), task)
            tasks[task.key, task.attempt] = replace(known, status=task.status)
    return [_render(execution, task, steps) for task in tasks.values()]


def _told(event: bytes | None) -> dict[str, Any]:
    if event is None:
        return {}
    try:
        return told_of(decode_event(orjson.loads(event)), Dialect.THENA)
    except Defect:  # of a workflow that another started: it has no event of its own
        return {}


def _error(execution: Execution) -> Any:
    if execution.status is Status.CANCELLED:
        return Payload({"message": execution.cancel_reason or "It was cancelled."})
    if execution.status is Status.EXPIRED:
        return {"message": "It has expired."}
    return error_shown(execution.error)


def _logged(entry: LogEntry) -> _Task | None:
    if entry.step_id is None or not entry.attempt or entry.status is None:
        return None  # phases alone, or an outcome that another execution had
    if entry.step_id[0] == "$" or entry.status is AttemptStatus.SKIPPED:
        return None
    return _Task(
        key=entry.step_id,
        attempt=entry.attempt,
        status=_word(entry, entry.status),
        started_at=entry.started_at,
        updated_at=entry.ended_at,
        entry=entry,
    )


def _word(entry: LogEntry, status: AttemptStatus) -> str:
    match status:
        case AttemptStatus.COMPLETED:
            return "FINISHED"
        case AttemptStatus.WAITING:
            is_asking = entry.output["kind"] in _ASKING
            return "AWAITING_USER_INPUT" if is_asking else "STARTED"
        case AttemptStatus.APPROVED:
            return "STARTED"
        case _:
            is_denied = entry.error is not None and entry.error["status"] in _UNAUTHORIZED
            return "UNAUTHORIZED" if is_denied else "FAILED"


def _current(step: CurrentStep, execution: Execution) -> _Task:
    """The log has no line of it: it has begun since the execution was last written, or will."""
    is_due = step.stands == "retrying"
    return _Task(
        key=step.key,
        attempt=step.attempt + is_due,
        status="SCHEDULED" if is_due else "STARTED",
        started_at=None if is_due else execution.updated_at,
        updated_at=execution.updated_at,
    )


def _render(execution: Execution, task: _Task, steps: Mapping[str, Step]) -> ThenaTaskDocument:
    place, entry = split_key(task.key), task.entry
    # What waited as the execution was cancelled, or expired, waits for nothing.
    status = "FAILED" if execution.status.is_terminal and task.is_open else task.status
    return {
        "id": short_id(uuid5(execution.id, f"{task.key}:{task.attempt}")),
        "stepIdentifier": int(place.step_id),
        "activity": _called(steps[place.step_id], compensates=place.compensates),
        "status": status,
        "input": Payload(None if entry is None else entry.input),
        "result": None if task.is_open else _result(entry),
        "isRetry": task.attempt > 1,
        "isCompensation": place.compensates,
        "executionTime": 0.0 if task.is_open else _seconds(entry),
        "startedAt": stamped(task.started_at),
        "lastUpdatedAt": stamp(task.updated_at),
    }


def _called(step: Step, *, compensates: bool) -> ThenaCalledDocument:
    undoing = step.compensation if compensates else None
    name = (step.action if undoing is None else undoing.action) or SLEEP_ACTIVITY
    return {"name": name, "uniqueIdentifier": name}


def _result(entry: LogEntry | None) -> Any:
    if entry is None:
        return None
    if entry.error is not None:
        return {"error": error_shown(entry.error)}
    return Payload(entry.output)


def _seconds(entry: LogEntry | None) -> float:
    """What the work took; the wait for a yes before it is not counted."""
    if entry is None or entry.started_at is None:
        return 0.0
    return (entry.ended_at - entry.started_at).total_seconds()
