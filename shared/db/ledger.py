"""Writing executions down, many at once, fenced by the epoch of their partition's owner.

A Group is committed by one statement, hence whole or not at all, in one round trip. Each partition
in it stands or falls by its own fence: when its epoch has moved on, nothing of that partition is
written while the others go through.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.db.group import Changed, Fence, Group, Started, Timer, Waiting, Written
from shared.db.pool import Connection
from shared.domain.executions import State
from shared.domain.ids import ExecutionId, names_step
from shared.domain.outcomes import Wait, WaitKind
from shared.runtime.sql import statements
from shared.wire.envelope import dumps
from shared.wire.errors import error_data
from shared.wire.lineage import lineage_data
from shared.wire.results import Origin

SUBJECT_CHARS_MAX = 256

_SQL = statements(Path(__file__).parent / "queries" / "ledger")


@dataclass(frozen=True, slots=True)
class Committed:
    """The partitions whose fence held, and the executions that were new."""

    partitions: frozenset[int]
    started: frozenset[ExecutionId]


async def commit_group(conn: Connection, group: Group) -> Committed:
    """Commit ``group``. An error leaves open whether it was committed: read the cursors again."""
    timers = list(group.timers.values())
    row = await conn.fetchrow(
        _SQL["commit_group"],
        *_fence_columns(group.fences),
        *_started_columns(list(group.started.values())),
        *_written_columns(group),
        *_changed_columns(list(group.changed.values())),
        *_timer_columns(timers),
        *_inbox_columns(group),
        *_waiting_columns(list(group.waiting.values())),
        [t.is_first for t in timers if t.due_at is not None],
    )
    assert row is not None, "a SELECT of two arrays gives one row"
    return Committed(frozenset(row["fenced_in"]), frozenset(row["started"]))


def _fence_columns(fences: list[Fence]) -> Iterable[list[Any]]:
    yield [f.partition for f in fences]
    yield [f.epoch for f in fences]
    yield [f.consumed_offset for f in fences]
    yield [f.active_offset for f in fences]
    yield [f.written_seq for f in fences]
    yield [f.emitted_seq for f in fences]


def _started_columns(rows: list[Started]) -> Iterable[Any]:
    yield _records(
        {
            "id": r.origin.subject,
            "partition": r.partition,
            "command_offset": r.command_offset,
            "environment_id": r.origin.environment,
            "workflow_id": r.origin.workflow,
            "workflow_version": r.origin.workflow_version,
            "event_key": r.origin.event,
            "created_at": r.created_at,
            "cancel_requested_at": r.cancel_requested_at,
            "cancel_reason": r.cancel_reason,
            "expires_at": r.state.expires_at,
            **_state(r.state, r.at),
        }
        for r in rows
    )
    yield _sparse([_lineage(r.origin) for r in rows])
    yield _sparse([_json(error_data(r.state.error)) for r in rows])


def _written_columns(group: Group) -> Iterable[Any]:
    rows = group.written
    yield _records(map(_entry, rows))
    attempts = [r.entry.attempt for r in rows]
    given = [_json(a.input) if a else _event(group, r) for r, a in zip(rows, attempts, strict=True)]
    yield given
    # What only computes puts out its input: it is encoded once.
    yield [
        (told if a.output is a.input else _json(a.output)) if a else None
        for a, told in zip(attempts, given, strict=True)
    ]
    failures = [r.entry.failure for r in rows]
    yield _sparse([_json(error_data(failure)) if failure else None for failure in failures])


def _entry(row: Written) -> Mapping[str, Any]:
    """A row without its JSON values."""
    entry = row.entry
    told: dict[str, Any] = {
        "partition": row.partition,
        "seq": row.seq,
        "execution_id": row.origin.subject,
        "position": entry.position,
        "phases": ",".join(entry.phases),
        "ended_at": row.at,
        "is_first": row.is_first,
    }
    if (attempt := entry.attempt) is not None:
        told["step_id"] = attempt.step_id
        told["attempt"] = attempt.number
        told["status"] = attempt.status
        told["started_at"] = attempt.started_at
        told["wake_at"] = attempt.wake_at
        told["handle"] = attempt.handle
    return told


def _sparse(column: list[Any]) -> list[Any]:
    """A column that most groups have nothing in; ``unnest`` fills up what is missing with NULL."""
    return [] if column.count(None) == len(column) else column


def _changed_columns(rows: list[Changed]) -> Iterable[Any]:
    yield _records(
        {
            "partition": r.partition,
            "id": str(r.execution_id),
            "cancel_requested_at": r.cancel_requested_at,
            "cancel_reason": r.cancel_reason,
            **_state(r.state, r.at),
        }
        for r in rows
    )
    yield _sparse([_json(error_data(r.state.error)) if r.state else None for r in rows])


def _state(state: State | None, at: datetime) -> Mapping[str, Any]:
    if state is None:
        return {"at": at}
    return {
        "at": at,
        "status": state.status,
        "finished_at": at if state.status.is_terminal else None,
        "steps_settled": sum(map(names_step, state.settled)),
        "result_at": state.result_at,
    }


def _records(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows without their JSON values.

    They are most of what a group is made of, and Postgres takes them out of JSON for less than
    asyncpg needs to put them into arrays, of each of whose elements it asks whether it is a list.
    The values stay apart: a text in them may hold U+0000, at which Postgres would stop here.
    """
    return dumps(list(rows)).decode()


def _timer_columns(timers: list[Timer]) -> Iterable[list[Any]]:
    slept = [t for t in timers if t.due_at is not None]
    woken = [t for t in timers if t.due_at is None]
    yield [t.execution_id for t in slept]
    yield [t.partition for t in slept]
    yield [t.due_at for t in slept]
    yield [t.execution_id for t in woken]
    yield [t.partition for t in woken]


def _inbox_columns(group: Group) -> Iterable[list[Any]]:
    heard, taken_in = group.heard, group.taken_in
    yield [h.execution_id for h in heard]
    yield [h.command_offset for h in heard]
    yield [h.partition for h in heard]
    yield [h.command_json for h in heard]
    yield [t.execution_id for t in taken_in]
    yield [t.command_offset for t in taken_in]
    yield [t.partition for t in taken_in]


def _waiting_columns(rows: list[Waiting]) -> Iterable[list[Any]]:
    begun = [(r, r.attempt, r.attempt.wait) for r in rows if r.attempt and r.attempt.wait]
    ended = [r for r in rows if r.attempt is None]
    yield [r.execution_id for r, _, _ in begun]
    yield [r.step_id for r, _, _ in begun]
    yield [r.partition for r, _, _ in begun]
    yield [r.environment_id for r, _, _ in begun]
    yield [wait.kind.value for _, _, wait in begun]
    yield [subject_of(wait) for _, _, wait in begun]
    yield [attempt.number for _, attempt, _ in begun]
    yield [attempt.started_at for _, attempt, _ in begun]
    yield [attempt.wake_at for _, attempt, _ in begun]
    yield [_json(attempt.output) for _, attempt, _ in begun]
    yield [r.has_looked_back for r, _, _ in begun]
    yield [r.execution_id for r in ended]
    yield [r.step_id for r in ended]
    yield [r.partition for r in ended]


def subject_of(wait: Wait) -> str:
    """What a wait is found by: who decides, an event's name, an action, an execution, a key."""
    data = wait.data
    match wait.kind:
        case WaitKind.APPROVAL:
            return approver_key(data["approver"]["type"], data["approver"]["id"])
        case WaitKind.FORM:
            return approver_key(data["assignee"]["type"], data["assignee"]["id"])
        case WaitKind.EVENT:
            return str(data["event_name"])
        case WaitKind.TASK:
            return str(data["action"])
        case WaitKind.SUBWORKFLOW:
            return str(data["execution_id"])
        case WaitKind.TURN:
            return dumps(data["key"]).decode()[:SUBJECT_CHARS_MAX]
        case _:
            raise ValueError(f"{wait.kind} is waited for inside")


def approver_key(kind: str, id_: str | None) -> str:
    """Who may decide, as the subject of a wait: ``user:<id>``, ``team:<id>``, ``anyone``."""
    return kind if id_ is None else f"{kind}:{id_}"


def _lineage(origin: Origin) -> str | None:
    """What a row says of where its execution comes from; nothing where its event says it all."""
    data = lineage_data(origin.lineage)
    if origin.cause.depth:
        cause = origin.cause
        path = [str(workflow) for workflow in cause.path]
        data["cause"] = {"root": str(cause.root), "depth": cause.depth, "path": path}
    return _json(data) if data else None


def _event(group: Group, row: Written) -> str | None:
    """The event of an execution goes with its first entry: that is never written again."""
    if row.entry.position != 1:
        return None
    started = group.started.get(row.origin.execution_id)
    return started.event_json if started else None


def _json(value: Any) -> str | None:
    return None if value is None else dumps(value).decode()
