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
from shared.domain.outcomes import (
    Completed,
    Failed,
    Interrupted,
    Outcome,
    Skipped,
    StepError,
)
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


def fail(state: State, error: StepError) -> Transition:
    """End an execution that cannot go on, whatever its steps did."""
    entry = Entry(position=state.position + 1, phases=(Phase.FAILED,), error=error)
    return Transition(absorb(state, entry), entry)


def restore(entries: Iterable[Entry]) -> State:
    """The state that the log tells."""
    state = State(status=Status.RUNNING)
    for entry in entries:
        state = absorb(state, entry)
    return state


def absorb(state: State, entry: Entry) -> State:
    """The state after ``entry``."""
    attempt = entry.attempt
    if attempt is not None and attempt.status is AttemptStatus.RETRYING:
        return replace(
            state,
            status=Status.RETRYING,
            position=entry.position,
            attempt=attempt.number + 1,
            retry_at=attempt.retry_at,
        )
    status = _status_after(entry.phases)
    return State(
        status=status,
        position=entry.position,
        settled=state.settled if attempt is None else {**state.settled, attempt.step_id: attempt},
        error=entry.failure if status in (Status.RUNNING, Status.FAILED) else None,
    )


def _status_after(phases: tuple[Phase, ...]) -> Status:
    if not phases:
        return Status.RUNNING
    match phases[-1]:
        case Phase.CREATED | Phase.STARTED:
            return Status.RUNNING
        case Phase.COMPLETED:
            return Status.COMPLETED
        case Phase.FAILED:
            return Status.FAILED
        case Phase.CANCELLED:
            return Status.CANCELLED
        case _:
            assert_never(phases[-1])


def _attempt(
    effect: RunStep, outcome: Outcome, *, started_at: datetime, now: datetime, chance: float
) -> Attempt:
    status, retry_at = _ending(effect, outcome, now, chance)
    return Attempt(
        step_id=StepId(effect.step.id),
        number=effect.attempt,
        status=status,
        started_at=started_at,
        ended_at=now,
        input=outcome.input if isinstance(outcome, Completed | Failed) else None,
        output=outcome.output if isinstance(outcome, Completed) else None,
        error=outcome.error if isinstance(outcome, Failed) else None,
        retry_at=retry_at,
    )


def _ending(
    effect: RunStep, outcome: Outcome, now: datetime, chance: float
) -> tuple[AttemptStatus, datetime | None]:
    """How the attempt ended, and when the next one is due."""
    match outcome:
        case Completed():
            return AttemptStatus.COMPLETED, None
        case Skipped():
            return AttemptStatus.SKIPPED, None
        case Interrupted():
            return AttemptStatus.CANCELLED, None
        case Failed(error=error):
            policy = effect.step.retry
            if not error.retryable or effect.attempt >= policy.max_attempts:
                return AttemptStatus.FAILED, None
            wait_s = delay_s(policy, attempt=effect.attempt, error=error, chance=chance)
            return AttemptStatus.RETRYING, now + timedelta(seconds=wait_s)
        case _:
            assert_never(outcome)


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
