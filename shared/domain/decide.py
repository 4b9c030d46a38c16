"""What happens next: the only file that names a next state.

Pure: an execution's State and what happened to it give a Transition; the executor writes the
transition down and then carries out what ``readiness.todo`` finds in its state.

==============  ==================================================================================
``begin``       an execution is admitted
``apply``       a step that was run has an outcome
``hear``        something reached it from outside (``signals.py``)
``elapse``      the time it waited for has come
``cancel``      somebody asked for its end
``fail``        it cannot go on
==============  ==================================================================================
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from shared.domain.answers import answered, first_due, timed_out
from shared.domain.attempts import attempted
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase, State, Status
from shared.domain.fold import absorb_all
from shared.domain.ids import StepId, split_key
from shared.domain.inheritance import taken_over
from shared.domain.iterations import iterated
from shared.domain.lengths import too_long
from shared.domain.outcomes import Completed, Failed, Outcome, Parked, StepError, WaitKind
from shared.domain.plans import Plan
from shared.domain.readiness import RunStep, UnderwayByKey, startable, todo
from shared.domain.signals import Resume, Signal, Suspend
from shared.domain.steps import OnFailure
from shared.domain.story import Story, Transition
from shared.domain.undoing import is_undone, next_undoing, not_undone

NONE: UnderwayByKey = {}
_TOLD = frozenset({WaitKind.APPROVAL, WaitKind.FORM, WaitKind.EVENT, WaitKind.TASK})
"""The waits whose beginning is worth an event of the execution's lifecycle."""


def begin(
    plan: Plan,
    now: datetime,
    *,
    expires_at: datetime | None = None,
    inherited: Sequence[Attempt] = (),
    only: StepId | None = None,
) -> Transition:
    """The first entries of a new execution; one without steps ends in them.

    ``inherited`` are outcomes of another one that it takes over; ``only`` is all that it does.
    """
    story = Story(plan, State(status=Status.RUNNING, expires_at=expires_at), now, NONE)
    story.write(phases=(Phase.CREATED, Phase.STARTED))
    for attempt, is_result in taken_over(plan, inherited, only, now):
        story.write(attempt, (Phase.RESPONDED,) if is_result else ())
    return _told(story)


def apply(
    plan: Plan,
    state: State,
    effect: RunStep,
    outcome: Outcome,
    *,
    started_at: datetime,
    now: datetime,
    chance: float,
    underway: UnderwayByKey = NONE,
) -> Transition:
    """The outcome of ``effect`` written down; ``chance`` in [0, 1) draws the retry's jitter.

    ``underway`` are the other steps being performed.
    """
    story = Story(plan, state, now, underway)
    _conclude(story, effect, outcome, started_at, chance)
    return _told(story)


def hear(
    plan: Plan,
    state: State,
    signal: Signal,
    *,
    now: datetime,
    chance: float,
    underway: UnderwayByKey = NONE,
) -> Transition | None:
    """What a signal changes; None when it comes too late, twice, or to the wrong place."""
    if state.status.is_terminal:
        return None
    story = Story(plan, state, now, underway)
    match signal:
        case Suspend() | Resume():
            suspends = isinstance(signal, Suspend)
            if state.failing is not None or state.is_suspended is suspends:
                return None
            story.write(phases=(Phase.SUSPENDED if suspends else Phase.RESUMED,))
        case _:
            waiting = state.waiting(signal.step_id)
            outcome = waiting and answered(plan, waiting, signal)
            if waiting is None or outcome is None:
                return None
            _resolve(story, waiting, outcome, chance)
    return _told(story)


def elapse(
    plan: Plan, state: State, *, now: datetime, chance: float, underway: UnderwayByKey = NONE
) -> Transition | None:
    """What the time that has come changes: an expiry, or the wait that ended first; None: nothing.

    An execution that is undoing its steps does not expire, and one suspended keeps its waits.
    """
    if state.status.is_terminal:
        return None
    if state.failing is None:
        if state.expires_at is not None and state.expires_at <= now:
            return _ended(plan, state, Phase.EXPIRED, now, underway)
        if state.is_suspended:
            return None
    story = Story(plan, state, now, underway)
    waiting = first_due(state, now)
    if waiting is not None:
        _resolve(story, waiting, timed_out(plan, waiting), chance)
    elif not is_undone(plan, state, underway):  # steps under way may go down with their process
        return None
    return _told(story)


def cancel(
    plan: Plan, state: State, *, now: datetime, underway: UnderwayByKey = NONE
) -> Transition | None:
    """End an execution; the steps ``underway`` are broken off.

    None while it is undoing its steps: that it finishes.
    """
    if state.status.is_terminal or state.failing is not None:
        return None
    return _ended(plan, state, Phase.CANCELLED, now, underway)


def fail(plan: Plan, state: State, error: StepError, *, now: datetime) -> Transition:
    """End an execution that cannot go on, whatever its steps did."""
    return _ended(plan, state, Phase.FAILED, now, NONE, error)


def restore(plan: Plan, entries: Iterable[Entry], expires_at: datetime | None = None) -> State:
    """The state that the log tells."""
    state = absorb_all(State(status=Status.RUNNING, expires_at=expires_at), entries)
    return replace(state, status=_status(plan, state))


def _status(plan: Plan, state: State) -> Status:
    if state.status.is_terminal:
        return state.status
    if state.failing is not None:
        return Status.COMPENSATING
    if state.is_suspended:
        return Status.SUSPENDED
    if startable(plan, state):
        return Status.RUNNING
    retries = (p.attempt.status is AttemptStatus.RETRYING for p in state.pending.values())
    return Status.RETRYING if any(retries) else Status.WAITING


def _told(story: Story) -> Transition:
    """What follows by itself, and then the whole."""
    _follow(story)
    state, underway = story.state, story.underway
    rest = todo(story.plan, state, story.now, underway)
    is_plain = rest.runs and not state.pending and state.failing is None
    status = Status.RUNNING if is_plain else _status(story.plan, state)
    return Transition(
        state if status is state.status else replace(state, status=status),
        tuple(story.entries),
        story.now,
        rest.runs,
        not (rest.runs or underway or status.is_terminal),
        rest.wake_at,
    )


def _follow(story: Story) -> None:
    for entry in story.entries:  # it grows on the way
        if story.is_over or story.state.failing is not None:
            break
        if entry.attempt is not None:
            story.skip_dead(entry.attempt)
            if story.plan.bodies:
                _close_iterator(story, entry.attempt)
    if story.is_over:
        return
    state = story.state
    if state.failing is None:
        steps, settled = story.plan.by_id, state.settled
        if len(steps) <= len(settled) and steps.keys() <= settled.keys():
            story.mark(Phase.COMPLETED)
        elif state.position >= story.plan.history_max:  # what is under way may end, no more begins
            story.leave(Phase.COMPENSATING)
            phases = _failure(story, OnFailure.COMPENSATE)
            story.write(phases=phases, error=too_long(state.position, story.plan.history_max))
    elif is_undone(story.plan, state, story.underway):
        lost = not_undone(state, state.failing)
        undone = () if lost is not None else (Phase.COMPENSATED,)
        story.write(phases=(*undone, Phase.FAILED), error=lost or state.failing)


def _close_iterator(story: Story, attempt: Attempt) -> None:
    """End an iterator whose items have all ended with ``attempt``, or that fails by it."""
    key = StepId(split_key(attempt.step_id).step_id)
    outcome = iterated(story.plan, story.state, key, attempt)
    if outcome is not None:
        story.break_off([k for k in story.underway if split_key(k).step_id == key], items_of=key)
        _resolve(story, story.state.pending[key].attempt, outcome, 0.0)


def _ended(
    plan: Plan,
    state: State,
    phase: Phase,
    now: datetime,
    underway: UnderwayByKey,
    error: StepError | None = None,
) -> Transition:
    story = Story(plan, state, now, underway)
    story.break_off(underway)
    if story.entries and error is None:
        story.mark(phase)
    else:
        story.write(phases=(phase,), error=error)
    return _told(story)


def _resolve(story: Story, waiting: Attempt, outcome: Outcome | Attempt, chance: float) -> None:
    """End the waiting of a step, or note what is new about it."""
    if isinstance(outcome, Attempt):
        story.write(replace(outcome, ended_at=story.now))
        return
    effect = RunStep(
        step=story.plan.step_of(waiting.step_id),
        key=waiting.step_id,
        attempt=waiting.number,
        compensates=story.state.failing is not None,
    )
    _conclude(story, effect, outcome, waiting.started_at, chance)


def _conclude(
    story: Story, effect: RunStep, outcome: Outcome, started_at: datetime, chance: float
) -> None:
    attempt = attempted(
        effect,
        outcome,
        started_at=started_at,
        since=story.state.begun_at(effect.key, started_at),
        now=story.now,
        chance=chance,
        is_last=story.state.failing is not None and not effect.compensates,
    )
    phases = _phases(story, effect, outcome, attempt)
    if phases:
        story.leave(phases[-1], but=effect.key)
    story.write(attempt, phases)
    if isinstance(outcome, Parked) and outcome.is_detached and not attempt.status.settles:
        told = {k: v for k, v in outcome.wait.data.items() if k != "input"}
        story.write(replace(attempt, status=AttemptStatus.COMPLETED, output=told, wake_at=None))


def _phases(story: Story, effect: RunStep, outcome: Outcome, attempt: Attempt) -> tuple[Phase, ...]:
    if story.state.failing is not None:
        return ()
    match outcome:
        case Completed(is_result=is_result, ends=ends):
            result = (Phase.RESPONDED,) if is_result else ()
            return (*result, Phase.COMPLETED) if ends else result
        case Parked(wait=wait):
            return (Phase.WAITING,) if wait.kind in _TOLD else ()
        case Failed(ends=True):
            return (Phase.FAILED,)
        case Failed() if attempt.status is AttemptStatus.FAILED:
            return _failure(story, effect.step.on_failure)
        case _:
            return ()


def _failure(story: Story, on_failure: OnFailure) -> tuple[Phase, ...]:
    """What it does to an execution that a step has failed for good, or that its log is full."""
    match on_failure:
        case OnFailure.ABORT:
            return (Phase.FAILED,)
        case OnFailure.COMPENSATE:
            must_wait = story.underway or next_undoing(story.plan, story.state) is not None
            return (Phase.COMPENSATING,) if must_wait else (Phase.FAILED,)
        case OnFailure.CONTINUE | OnFailure.BRANCH:
            return ()
        case _:
            assert_never(on_failure)
