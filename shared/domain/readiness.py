"""What an execution can do now, as its plan and its state tell.

A step is ready when all edges to it are settled and at least one is live. An edge is live if its
source finished and its handle matches; one whose condition is still to be tested is handed on with
the step. What follows a skipped step by dependency or sequence goes on; what was drawn does not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from shared.domain.executions import Attempt, AttemptStatus, Pending, State
from shared.domain.frozen import frozen
from shared.domain.ids import StepId, compensation_key, item_key, split_key
from shared.domain.outcomes import WaitKind
from shared.domain.plans import Plan
from shared.domain.steps import ERROR, Edge, OnFailure, Origin, Step
from shared.domain.undoing import next_undoing


@frozen
class RunStep:
    """Run attempt ``attempt`` of what ``key`` names.

    ``step`` says how; for an item or a compensation it is made of the step's block.
    ``edges``: the condition of one of them must hold, where there are any. ``item`` is the place of
    an iterator's item. ``is_approved``: the yes that the step needs is there.
    """

    step: Step
    key: StepId
    attempt: int = 1
    edges: tuple[Edge, ...] = ()
    item: int | None = None
    is_approved: bool = False
    compensates: bool = False


@frozen
class Underway:
    """A step that is being performed."""

    effect: RunStep
    started_at: datetime


UnderwayByKey = Mapping[StepId, Underway]


@frozen
class Todo:
    """What to run now, and when to look again if nothing happens before."""

    runs: tuple[RunStep, ...] = ()
    wake_at: datetime | None = None


class Readiness(Enum):
    """Whether a step that has not begun may."""

    BLOCKED = "blocked"
    DEAD = "dead"
    READY = "ready"


_READY, _COMPLETED = Readiness.READY, AttemptStatus.COMPLETED
"""Looked up on its class, a member of an enum costs a tenth of a microsecond each time."""


@dataclass(slots=True)
class _Found:
    runs: list[RunStep] = field(default_factory=list)
    wake_at: datetime | None = None

    def wake(self, at: datetime | None) -> None:
        if at is not None and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at


def todo(plan: Plan, state: State, now: datetime, underway: Collection[StepId] = ()) -> Todo:
    """What the execution needs now, beside the steps that are ``underway``."""
    if state.status.is_terminal:
        return Todo()
    found = _Found()
    if state.failing is not None:
        _add_undoing(found, plan, state, now, underway)
        return Todo(runs=tuple(found.runs), wake_at=found.wake_at)
    found.wake_at = state.expires_at
    if not state.is_suspended:
        settled, pending, sources = state.settled, state.pending, plan.sources
        is_settled = settled.__contains__
        for key, step in plan.by_id.items():
            if key in settled or key in underway:
                continue
            if key in pending:
                _add_begun(found, plan, state, step, now, underway)
            # Most steps of a long workflow are blocked, and this is asked after each that settles.
            elif all(map(is_settled, sources[key])):
                ready, edges = readiness(plan, state, step)
                if ready is _READY:
                    found.runs.append(RunStep(step, StepId(key), 1, edges))
    return Todo(tuple(found.runs), found.wake_at)


def is_wanted(state: State, key: StepId) -> bool:
    """Whether the outcome of a step under way still counts."""
    if state.status.is_terminal or key in state.settled:
        return False
    parts = split_key(key)
    return parts.item is None or StepId(parts.step_id) in state.pending


def readiness(plan: Plan, state: State, step: Step) -> tuple[Readiness, tuple[Edge, ...]]:
    """Whether ``step`` may begin; the edges of whose conditions one must hold, if any."""
    edges = plan.incoming[step.id]
    if not edges:
        return _READY, ()
    tested: list[Edge] = []
    is_free = False
    for edge in edges:
        source = state.settled.get(StepId(edge.source))
        if source is None:
            return Readiness.BLOCKED, ()
        if is_live(edge, source, plan.by_id[edge.source]):
            if edge.condition is None:
                is_free = True
            else:
                tested.append(edge)
    if is_free:
        return _READY, ()
    return (_READY if tested else Readiness.DEAD), tuple(tested)


def is_live(edge: Edge, source: Attempt, step: Step) -> bool:
    """Whether a settled source leads on along ``edge``, its condition aside."""
    if source.status is _COMPLETED:
        return edge.handle is None or edge.handle == source.handle
    match source.status:
        case AttemptStatus.SKIPPED:
            return edge.origin is not Origin.EXPLICIT
        case AttemptStatus.FAILED:
            return edge.handle == ERROR or (
                edge.handle is None and step.on_failure is OnFailure.CONTINUE
            )
        case _:
            return False


def startable(plan: Plan, state: State) -> bool:
    """Whether something could run at once, or is running."""
    if state.is_suspended or state.failing is not None:
        return False
    is_settled = state.settled.__contains__
    return any(
        _is_startable(plan, state, step)
        for step in plan.steps
        if not is_settled(step.id) and all(map(is_settled, plan.sources[step.id]))
    )


def items_of(pending: Pending) -> list[Any] | None:
    """The items of an iterator that goes through them."""
    wait = pending.attempt.wait
    return wait.data["items"] if wait is not None and wait.kind is WaitKind.ITEMS else None


def _is_startable(plan: Plan, state: State, step: Step) -> bool:
    pending = state.pending.get(StepId(step.id))
    if pending is None:
        return readiness(plan, state, step)[0] is Readiness.READY
    if pending.attempt.status is AttemptStatus.APPROVED:
        return True
    items = items_of(pending)
    if items is None:
        return False
    has_room = next(_free_items(state, step, len(items), ()), None) is not None
    pending_items = (state.pending[key].attempt for key in _items_in(state.pending, step))
    return has_room or any(item.status is AttemptStatus.APPROVED for item in pending_items)


def _add_begun(
    found: _Found,
    plan: Plan,
    state: State,
    step: Step,
    now: datetime,
    underway: Collection[StepId],
) -> None:
    key = StepId(step.id)
    pending = state.pending[key]
    if (items := items_of(pending)) is not None:
        _add_items(found, plan, state, step, len(items), now, underway)
    else:
        edges = () if pending.is_approved else readiness(plan, state, step)[1]
        _add_pending(found, RunStep(step=step, key=key, edges=edges), pending, now)


def _add_pending(found: _Found, effect: RunStep, pending: Pending, now: datetime) -> None:
    attempt = pending.attempt
    match attempt.status:
        case AttemptStatus.RETRYING if attempt.wake_at is not None and attempt.wake_at <= now:
            number = attempt.number + 1
        case AttemptStatus.APPROVED:
            number = attempt.number
        case _:
            found.wake(attempt.wake_at)
            return
    found.runs.append(replace(effect, attempt=number, is_approved=pending.is_approved))


def _add_items(
    found: _Found,
    plan: Plan,
    state: State,
    step: Step,
    count: int,
    now: datetime,
    underway: Collection[StepId],
) -> None:
    body = plan.bodies[step.id]
    for key in _items_in(state.pending, step):
        if key not in underway:
            effect = RunStep(step=body, key=key, item=split_key(key).item)
            _add_pending(found, effect, state.pending[key], now)
    found.runs += [
        RunStep(step=body, key=item_key(step.id, index), item=index)
        for index in _free_items(state, step, count, underway)
    ]


def _free_items(
    state: State, step: Step, count: int, underway: Collection[StepId]
) -> Iterator[int]:
    """The items that may begin, in order, as far as there is room beside those that have."""
    assert step.iterator is not None, "an iterator has its block"
    begun = {*_items_in(state.pending, step), *_items_in(underway, step)}
    room = step.iterator.concurrency - len(begun)
    for index in range(count if room > 0 else 0):
        key = item_key(step.id, index)
        if key not in state.settled and key not in begun:
            yield index
            room -= 1
            if room == 0:
                return


def _items_in(keys: Iterable[StepId], step: Step) -> list[StepId]:
    """Those of ``keys`` that are items of ``step``."""
    return [key for key in keys if key.startswith(f"{step.id}[")]


def _add_undoing(
    found: _Found, plan: Plan, state: State, now: datetime, underway: Collection[StepId]
) -> None:
    """One compensation at a time, once every step under way has ended; then the end, at once."""
    if underway:
        return
    step_id = next_undoing(plan, state)
    if step_id is None:
        found.wake(now)
        return
    key = compensation_key(step_id)
    effect = RunStep(step=plan.undoing[step_id], key=key, compensates=True)
    if (pending := state.pending.get(key)) is not None:
        _add_pending(found, effect, pending, now)
    else:
        found.runs.append(effect)
