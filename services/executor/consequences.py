"""What a log entry means for others: work for a worker, an execution to start, an end to tell."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import structlog

from shared.bus.protocol import Record
from shared.db.tasks import TaskId
from shared.domain.events import Event
from shared.domain.executions import ENDS, Attempt, AttemptStatus, Entry
from shared.domain.ids import EventKey, ExecutionId, WorkflowId, split_key
from shared.domain.outcomes import WaitKind
from shared.domain.signals import ChildEnded
from shared.wire.commands import Cancel, Tell, encode_cancel, encode_start, encode_tell
from shared.wire.envelope import HEADERS, envelope, stamp
from shared.wire.events import encode_event
from shared.wire.lineage import Lineage, Parent
from shared.wire.messages import TaskData
from shared.wire.results import Origin
from shared.wire.topics import Topics

log = structlog.get_logger(__name__)

_GIVEN_UP = frozenset({AttemptStatus.CANCELLED, AttemptStatus.FAILED, AttemptStatus.RETRYING})

CALLED = "workflow:called"
"""The type of the event that a sub-workflow's execution is started with."""


def consequences(origin: Origin, entry: Entry, at: datetime, topics: Topics) -> Iterator[Record]:
    """The records that follow from an entry; the same entry always gives the same bytes.

    It never raises: an entry is in the log for ever, and would end whoever takes its partition.
    What nothing can be made of is left out, and the process's log says so.
    """
    attempt = entry.attempt
    wait = None if attempt is None else attempt.wait
    if attempt is not None and wait is not None:
        if wait.kind is WaitKind.TASK and not attempt.is_extended:
            yield from _if_readable(origin, entry, lambda: _task(origin, attempt, topics))
        elif wait.kind is WaitKind.SUBWORKFLOW:
            yield from _if_readable(origin, entry, lambda: _start(origin, attempt, topics))
    elif attempt is not None and attempt.status in _GIVEN_UP and _has_called(attempt):
        yield from _if_readable(origin, entry, lambda: _cancel(origin, attempt, topics))
    parent = origin.lineage.parent
    if parent is not None and parent.waits and entry.phases and entry.phases[-1] in ENDS:
        yield from _if_readable(origin, entry, lambda: _end(origin, parent, entry, at, topics))


def _if_readable(origin: Origin, entry: Entry, make: Callable[[], Record]) -> Iterator[Record]:
    try:
        record = make()
    except Exception:
        about = {"execution_id": origin.subject, "position": entry.position}
        log.exception("consequence_unreadable", **about)
        return
    yield record


def _task(origin: Origin, attempt: Attempt, topics: Topics) -> Record:
    told: dict[str, Any] = attempt.output
    assert attempt.wake_at is not None, "a task is given up at some time"
    task_id = str(TaskId(origin.execution_id, attempt.step_id, attempt.number))
    # Older logs may lack words of ours, in which a secret's value occurred; never the action.
    data: TaskData = {
        "task_id": task_id,
        "action": told["action"],
        "execution_id": origin.subject,
        "workflow_id": origin.workflow,
        "step_id": split_key(attempt.step_id).step_id,
        "attempt": attempt.number,
        "input": told.get("input", attempt.input),
        "action_version": told.get("action_version"),
        "due_at": stamp(attempt.wake_at),
        "heartbeat_s": told.get("heartbeat_s"),
    }
    value = envelope(
        record_id=task_id,
        kind="turnout.task",
        source=origin.source,
        subject=origin.subject,
        time=stamp(attempt.ended_at),
        data=data,
        attributes=origin.chain,
    )
    topic, key = topics.tasks(told["action"]), origin.subject.encode()
    return Record(topic=topic, key=key, value=value, headers=HEADERS)


def _start(origin: Origin, attempt: Attempt, topics: Topics) -> Record:
    told: dict[str, Any] = attempt.output
    child = ExecutionId(UUID(told["execution_id"]))
    event = Event(
        key=EventKey(uuid5(child, CALLED)),
        environment_id=origin.environment_id,
        type=CALLED,
        source=f"/turnout/executions/{origin.subject}",
        id=f"{attempt.step_id}:{attempt.number}",
        received_at=attempt.ended_at,
        payload=told["input"],
        attributes=origin.cause.attributes(),
    )
    parent = Parent(
        execution_id=origin.execution_id,
        step_id=attempt.step_id,
        attempt=attempt.number,
        waits=told["waits"],
    )
    value = encode_start(
        child,
        WorkflowId(UUID(told["workflow_id"])),
        told["workflow_version"],
        encode_event(event),
        attempt.ended_at,
        source=origin.source,
        lineage=Lineage(parent=parent),
    )
    return Record(topic=topics.commands, key=str(child).encode(), value=value, headers=HEADERS)


def _has_called(attempt: Attempt) -> bool:
    told = attempt.output
    return isinstance(told, dict) and told.get("kind") == WaitKind.SUBWORKFLOW


def _cancel(origin: Origin, attempt: Attempt, topics: Topics) -> Record:
    """An execution that a step had called, and that nobody waits for any more."""
    command = Cancel(
        execution_id=ExecutionId(UUID(attempt.output["execution_id"])),
        reason=f"Execution {origin.subject}, which called it, waits for it no more.",
        requested_at=attempt.ended_at,
    )
    key = str(command.execution_id).encode()
    return Record(topic=topics.commands, key=key, value=encode_cancel(command), headers=HEADERS)


def _end(origin: Origin, parent: Parent, entry: Entry, at: datetime, topics: Topics) -> Record:
    """The end of an execution, for the one that waits for it, which looks up the result."""
    signal = ChildEnded(
        step_id=parent.step_id,
        attempt=parent.attempt,
        execution_id=origin.subject,
        status=ENDS[entry.phases[-1]],
        error=entry.failure,
    )
    tell = Tell(
        execution_id=parent.execution_id,
        signal=signal,
        tell_id=f"{origin.subject}:ended",
        at=at,
    )
    key = str(parent.execution_id).encode()
    value = encode_tell(tell, source=origin.source)
    return Record(topic=topics.commands, key=key, value=value, headers=HEADERS)
