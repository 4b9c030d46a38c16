"""What happens next: the only file that names a next state.

Pure: an execution's State and what happened to it give a Transition; the executor writes the
transition down and then carries out ``next_effect`` of its state. ``absorb`` folds one log entry
into the state; a restart folds the stored log with the same function, so a recovered execution
cannot differ from one that never stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase, State, Status
from shared.domain.ids import StepId
from shared.domain.outcomes import Completed, Failed, Interrupted, Outcome, Skipped
from shared.domain.plans import Plan
from shared.domain.retries import delay_s
from shared.domain.workflows import OnFailure, Step


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run attempt ``attempt`` of ``step`` now."""

    step: Step
    attempt: int


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing to do before ``at``: the execution leaves memory until then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Nothing:
    """The execution has ended."""


Effect = RunStep | WaitUntil | Nothing


@dataclass(frozen=True, slots=True)
class Transition:
    """``entry`` is to be made durable before anything else follows from ``state``."""

    state: State
    entry: Entry


def begin(plan: Plan) -> Transition:
    """The first entry of a new execution; one without steps ends in it."""
    ended = () if plan.steps else (Phase.COMPLETED,)
    phases = (Phase.CREATED, Phase.STARTED, *ended)
    return _written(State(status=Status.RUNNING), attempt=None, phases=phases)


def next_effect(plan: Plan, state: State, now: datetime) -> Effect:
    """What the execution needs now."""
    if state.status.is_terminal:
        return Nothing()
    if state.retry_at is not None and now < state.retry_at:
        return WaitUntil(state.retry_at)
    step = _next_step(plan, state)
    return Nothing() if step is None else RunStep(step, state.attempt)


def apply(
    plan: Plan,
    state: State,
    effect: RunStep,
    outcome: Outcome,
    *,
    started_at: datetime,
    now: datetime,
    chance: float,
) -> Transition:
    """The outcome of ``effect`` written down; ``chance`` in [0, 1) draws the retry's jitter."""
    attempt = _attempt(effect, outcome, started_at=started_at, now=now, chance=chance)
    return _written(state, attempt=attempt, phases=_phases(plan, state, effect.step, attempt))


def cancel(state: State) -> Transition:
    """End an execution between two attempts."""
    return _written(state, attempt=None, phases=(Phase.CANCELLED,))


def restore(entries: Iterable[Entry]) -> State:
    """The state that the log tells."""
    state = State(status=Status.RUNNING)
    for entry in entries:
        state = absorb(state, entry)
    return state


def absorb(state: State, entry: Entry) -> State:
    """The state after ``entry``."""
    state = replace(state, position=entry.position)
    if entry.attempt is not None:
        state = _absorb_attempt(state, entry.attempt)
    for phase in entry.phases:
        state = _absorb_phase(state, phase)
    return state


def _absorb_attempt(state: State, attempt: Attempt) -> State:
    if attempt.status is AttemptStatus.RETRYING:
        return replace(
            state,
            status=Status.RETRYING,
            attempt=attempt.number + 1,
            retry_at=attempt.retry_at,
        )
    return replace(
        state,
        status=Status.RUNNING,
        settled={**state.settled, attempt.step_id: attempt},
        attempt=1,
        retry_at=None,
        error=attempt.error,
    )


def _absorb_phase(state: State, phase: Phase) -> State:
    match phase:
        case Phase.CREATED | Phase.STARTED:
            return state
        case Phase.COMPLETED:
            return replace(state, status=Status.COMPLETED, error=None)
        case Phase.FAILED:
            return replace(state, status=Status.FAILED)
        case Phase.CANCELLED:
            return replace(state, status=Status.CANCELLED, retry_at=None)
        case _:
            assert_never(phase)


def _attempt(
    effect: RunStep, outcome: Outcome, *, started_at: datetime, now: datetime, chance: float
) -> Attempt:
    ended = Attempt(
        step_id=StepId(effect.step.id),
        number=effect.attempt,
        status=AttemptStatus.COMPLETED,
        started_at=started_at,
        ended_at=now,
    )
    match outcome:
        case Completed(input=given, output=output):
            return replace(ended, input=given, output=output)
        case Skipped():
            return replace(ended, status=AttemptStatus.SKIPPED)
        case Interrupted():
            return replace(ended, status=AttemptStatus.CANCELLED)
        case Failed():
            return _failed(ended, effect.step, outcome, chance)
        case _:
            assert_never(outcome)


def _failed(ended: Attempt, step: Step, outcome: Failed, chance: float) -> Attempt:
    ended = replace(ended, status=AttemptStatus.FAILED, input=outcome.input, error=outcome.error)
    if not outcome.error.retryable or ended.number >= step.retry.max_attempts:
        return ended
    wait_s = delay_s(step.retry, attempt=ended.number, error=outcome.error, chance=chance)
    return replace(
        ended,
        status=AttemptStatus.RETRYING,
        retry_at=ended.ended_at + timedelta(seconds=wait_s),
    )


def _phases(plan: Plan, state: State, step: Step, attempt: Attempt) -> tuple[Phase, ...]:
    match attempt.status:
        case AttemptStatus.RETRYING:
            return ()
        case AttemptStatus.CANCELLED:
            return (Phase.CANCELLED,)
        case AttemptStatus.FAILED if step.on_failure is OnFailure.ABORT:
            return (Phase.FAILED,)
        case AttemptStatus.COMPLETED | AttemptStatus.SKIPPED | AttemptStatus.FAILED:
            is_last = len(state.settled) + 1 == len(plan.steps)
            return (Phase.COMPLETED,) if is_last else ()
        case _:
            assert_never(attempt.status)


def _next_step(plan: Plan, state: State) -> Step | None:
    return next((step for step in plan.steps if StepId(step.id) not in state.settled), None)


def _written(state: State, *, attempt: Attempt | None, phases: tuple[Phase, ...]) -> Transition:
    entry = Entry(position=state.position + 1, attempt=attempt, phases=phases)
    return Transition(absorb(state, entry), entry)
