"""Writing executions down, many at once, fenced by the epoch of their partition's owner.

A Group is committed by one statement, hence whole or not at all, in one round trip. Each partition
in it stands or falls by its own fence: when its epoch has moved on, nothing of that partition is
written while the others go through.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from shared.db.pool import Connection
from shared.domain.executions import Entry, State, Status
from shared.domain.ids import ExecutionId
from shared.runtime.sql import statements
from shared.wire.envelope import dumps
from shared.wire.results import Origin, error_data

_SQL = statements(Path(__file__).parent / "queries" / "ledger")


class Fence(NamedTuple):
    """The epoch a partition's writer was given, and the cursors it leaves with this commit."""

    partition: int
    epoch: int
    consumed_offset: int
    active_offset: int
    written_seq: int
    emitted_seq: int


class Started(NamedTuple):
    """An execution to admit. It is written only if its id is new."""

    origin: Origin
    partition: int
    command_offset: int
    event_json: str
    status: Status
    created_at: datetime
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None


class Written(NamedTuple):
    """A log entry to append; ``seq`` ascends in the partition."""

    partition: int
    seq: int
    origin: Origin
    entry: Entry
    at: datetime


class Changed(NamedTuple):
    """What becomes of an execution's row; None leaves a column as it is."""

    partition: int
    execution_id: ExecutionId
    at: datetime
    state: State | None = None
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None

    def merged(self, later: "Changed") -> "Changed":
        """Both changes in one: Postgres updates a row once a statement."""
        return later._replace(
            at=max(self.at, later.at),
            state=later.state or self.state,
            cancel_requested_at=self.cancel_requested_at or later.cancel_requested_at,
            cancel_reason=self.cancel_reason or later.cancel_reason,
        )


class Timer(NamedTuple):
    """When an execution wakes; ``due_at`` None forgets its timer."""

    partition: int
    execution_id: ExecutionId
    due_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Group:
    """What is committed at once. An execution is started, and changed, at most once in it."""

    fences: list[Fence] = field(default_factory=list)
    started: dict[ExecutionId, Started] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    changed: dict[ExecutionId, Changed] = field(default_factory=dict)
    timers: dict[ExecutionId, Timer] = field(default_factory=dict)

    def change(self, change: Changed) -> None:
        """Add a change, merged with what the group already says of the execution.

        A statement does not see the rows it inserts: an execution started in this very group takes
        a cancellation with it. Should it turn out not to be new, the change still applies.
        """
        if (started := self.started.get(change.execution_id)) is not None:
            self.started[change.execution_id] = started._replace(
                cancel_requested_at=change.cancel_requested_at,
                cancel_reason=change.cancel_reason,
            )
        earlier = self.changed.get(change.execution_id)
        self.changed[change.execution_id] = earlier.merged(change) if earlier else change

    def wake(self, timer: Timer) -> None:
        """Add a timer; of two that are due, the earlier counts, and forgetting counts most."""
        earlier = self.timers.get(timer.execution_id)
        if earlier and earlier.due_at and timer.due_at and earlier.due_at < timer.due_at:
            return
        if earlier is None or earlier.due_at is not None:
            self.timers[timer.execution_id] = timer


@dataclass(frozen=True, slots=True)
class Committed:
    """The partitions whose fence held, and the executions that were new."""

    partitions: frozenset[int]
    started: frozenset[ExecutionId]


async def commit_group(conn: Connection, group: Group) -> Committed:
    """Commit ``group``. An error leaves open whether it was committed: read the cursors again."""
    row = await conn.fetchrow(
        _SQL["commit_group"],
        *_fence_columns(group.fences),
        *_started_columns(list(group.started.values())),
        *_written_columns(group),
        *_changed_columns(list(group.changed.values())),
        *_timer_columns(list(group.timers.values())),
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


def _started_columns(rows: list[Started]) -> Iterable[list[Any]]:
    yield [r.origin.execution_id for r in rows]
    yield [r.partition for r in rows]
    yield [r.command_offset for r in rows]
    yield [r.origin.environment_id for r in rows]
    yield [r.origin.workflow_id for r in rows]
    yield [r.origin.workflow_version for r in rows]
    yield [r.origin.event_key for r in rows]
    yield [r.created_at for r in rows]
    yield [r.status for r in rows]
    yield [r.created_at if r.status.is_terminal else None for r in rows]
    yield [r.cancel_requested_at for r in rows]
    yield [r.cancel_reason for r in rows]


def _written_columns(group: Group) -> Iterable[list[Any]]:
    rows = group.written
    attempts = [r.entry.attempt for r in rows]
    yield [r.partition for r in rows]
    yield [r.seq for r in rows]
    yield [r.origin.execution_id for r in rows]
    yield [r.entry.position for r in rows]
    yield [",".join(r.entry.phases) for r in rows]
    yield [a and a.step_id for a in attempts]
    yield [a and a.number for a in attempts]
    yield [a and a.status for a in attempts]
    yield [_json(r.entry.attempt.input) if r.entry.attempt else _event(group, r) for r in rows]
    yield [_json(a.output) if a else None for a in attempts]
    yield [_json(error_data(r.entry.failure)) for r in rows]
    yield [a and a.started_at for a in attempts]
    yield [r.at for r in rows]
    yield [a and a.retry_at for a in attempts]


def _changed_columns(rows: list[Changed]) -> Iterable[list[Any]]:
    states = [r.state for r in rows]
    yield [r.partition for r in rows]
    yield [r.execution_id for r in rows]
    yield [r.at for r in rows]
    yield [s and s.status for s in states]
    yield [r.at if r.state and r.state.status.is_terminal else None for r in rows]
    yield [len(s.settled) if s else None for s in states]
    yield [_json(error_data(s.error)) if s and s.status.is_terminal else None for s in states]
    yield [r.cancel_requested_at for r in rows]
    yield [r.cancel_reason for r in rows]


def _timer_columns(timers: list[Timer]) -> Iterable[list[Any]]:
    slept = [t for t in timers if t.due_at is not None]
    woken = [t for t in timers if t.due_at is None]
    yield [t.execution_id for t in slept]
    yield [t.partition for t in slept]
    yield [t.due_at for t in slept]
    yield [t.execution_id for t in woken]
    yield [t.partition for t in woken]


def _event(group: Group, row: Written) -> str | None:
    """The event of an execution goes with its first entry: that is never written again."""
    started = group.started.get(row.origin.execution_id)
    return started.event_json if started and row.entry.position == 1 else None


def _json(value: Any) -> str | None:
    return None if value is None else dumps(value).decode()
