"""What is submitted to a ledger, and the rows of a group that it becomes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from services.executor.runs import Owned, Run
from services.executor.waiting import wait_changes
from shared.db.group import Changed, Group, Heard, Started, TakenIn, Timer, Written
from shared.domain.executions import Entry, Status
from shared.domain.frozen import frozen
from shared.domain.ids import ExecutionId
from shared.domain.story import Transition
from shared.wire.results import Origin

_FOUND = frozenset({Status.RUNNING, Status.COMPENSATING})
"""What an execution that its command stands for is found by (``list_active.sql``)."""


@frozen
class Admission:
    """Commands of a partition up to ``offset``, made durable together with that position."""

    owned: Owned
    offset: int
    started: Sequence[tuple[Started, Sequence[Entry]]]
    heard: Sequence[Heard]
    changed: Sequence[Changed]
    timers: Sequence[Timer]
    done: "asyncio.Future[frozenset[ExecutionId]]"


@frozen
class Step:
    """A transition of a run, and the commands that it takes in."""

    run: Run
    transition: Transition
    taken_in: Sequence[int]
    done: "asyncio.Future[None]"

    @property
    def owned(self) -> Owned:
        """The run's partition."""
        return self.run.owned


@frozen
class Note:
    """What nobody waits for: rows that say nothing any more, or something new about a wait."""

    owned: Owned
    add: Callable[[Group], None]


Item = Admission | Step | Note


@dataclass(slots=True)
class Batch:
    """A group, what it consumes, and who waits for it."""

    group: Group = field(default_factory=Group)
    owned: dict[int, Owned] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    admissions: list[Admission] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Write ``item`` with this group."""
        self.owned[item.owned.partition] = item.owned
        match item:
            case Admission():
                _add_admission(self, item)
            case Step():
                _add_step(self, item)
            case Note():
                item.add(self.group)
            case _:
                assert_never(item)


def _add_admission(batch: Batch, admission: Admission) -> None:
    owned, group = admission.owned, batch.group
    batch.offsets[owned.partition] = max(admission.offset, batch.offsets.get(owned.partition, 0))
    batch.admissions.append(admission)
    for started, entries in admission.started:
        id_ = started.origin.execution_id
        if id_ in group.started:
            continue
        group.started[id_] = started
        _add_entries(batch, owned, started.origin, entries, started.created_at, is_first=True)
    group.heard += admission.heard
    for changed in admission.changed:
        group.change(changed)
    for timer in admission.timers:
        group.wake(timer)


def _add_step(batch: Batch, step: Step) -> None:
    run, transition, group = step.run, step.transition, batch.group
    state, at = transition.state, transition.at
    batch.steps.append(step)
    _add_entries(batch, run.owned, run.origin, transition.entries, at)
    group.change(Changed(partition=run.owned.partition, execution_id=run.id, at=at, state=state))
    group.taken_in += [taken_in(run, offset) for offset in step.taken_in]
    for row in wait_changes(run, state):
        group.wait(row)
    _set_timer(group, run, transition)


def _set_timer(group: Group, run: Run, transition: Transition) -> None:
    """Keep the promise by which a successor finds every execution that is not at its end.

    One that a command admitted is found by that command until it is parked, while its row says
    that it runs; one that is parked by its timer, or else by what it is told; any other by a
    timer, though it be overdue.
    """
    due_at, status = run.timer_at, transition.state.status
    is_found = status in _FOUND and not run.is_woken
    if status.is_terminal:
        due_at = None
    elif transition.is_parked:
        due_at = transition.wake_at
    elif not is_found and (due_at is None or due_at > transition.at):
        due_at = transition.at
    if due_at != run.timer_at:
        run.timer_at = due_at
        group.wake(Timer(run.owned.partition, run.id, due_at))


def taken_in(run: Run, offset: int) -> TakenIn:
    """A command that a run has taken in."""
    return TakenIn(run.owned.partition, run.id, offset)


def _add_entries(
    batch: Batch,
    owned: Owned,
    origin: Origin,
    entries: Sequence[Entry],
    at: datetime,
    *,
    is_first: bool = False,
) -> None:
    batch.group.written += [
        Written(
            owned.partition,
            seq,
            origin,
            entry,
            # As the row will say it, and hence as it is published again after a crash.
            at if entry.attempt is None else entry.attempt.ended_at,
            is_first,
        )
        for seq, entry in zip(owned.next_seqs(len(entries)), entries, strict=True)
    ]
