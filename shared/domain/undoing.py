"""Compensation: which completed step is undone next, and what could not be."""

from collections.abc import Collection

from shared.domain.executions import AttemptStatus, State
from shared.domain.ids import StepId, compensation_key, split_key
from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.plans import Plan


def next_undoing(plan: Plan, state: State) -> StepId | None:
    """The step to be undone next: of those that completed here, the last that is not yet."""
    for key, attempt in reversed(tuple(state.settled.items())):
        if (
            key in plan.undoing
            and attempt.status is AttemptStatus.COMPLETED
            and attempt.number > 0
            and compensation_key(key) not in state.settled
        ):
            return key
    return None


def is_undone(plan: Plan, state: State, underway: Collection[StepId]) -> bool:
    """Whether an execution that is undoing its steps has come to its end."""
    return state.failing is not None and not underway and next_undoing(plan, state) is None


def not_undone(state: State, failing: StepError) -> StepError | None:
    """What could not be undone, on top of what went wrong before; None: everything was."""
    lost = [
        attempt
        for key, attempt in state.settled.items()
        if split_key(key).compensates and attempt.status is not AttemptStatus.COMPLETED
    ]
    if not lost:
        return None
    steps = ", ".join(f"'{split_key(attempt.step_id).step_id}'" for attempt in lost)
    said = lost[0].error.message if lost[0].error is not None else "its action was skipped"
    message = f"{failing.message} And {steps} could not be undone: {said}"
    return StepError(kind=ErrorKind.COMPENSATION, message=message)
