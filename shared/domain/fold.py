"""An execution's state as the fold of its log.

A restart folds the stored log with the same function that a live execution uses, so a recovered
execution cannot differ from one that never stopped.
"""

from collections.abc import Mapping

from shared.domain.executions import (
    ENDS,
    Attempt,
    AttemptStatus,
    Entry,
    Pending,
    Phase,
    State,
    Status,
)
from shared.domain.ids import StepId

_Settled = Mapping[StepId, Attempt]
_Pending = Mapping[StepId, Pending]


def absorb(state: State, entry: Entry) -> State:
    """The state after ``entry``; a status that is not terminal is ``decide``'s to name."""
    settled, pending = _steps(state, entry.attempt)
    status, error = Status.RUNNING, None
    is_suspended, failing, result_at = state.is_suspended, state.failing, state.result_at
    for phase in entry.phases:
        match phase:
            case Phase.SUSPENDED | Phase.RESUMED:
                is_suspended = phase is Phase.SUSPENDED
            case Phase.COMPENSATING:
                failing, pending = entry.failure, {}
            case Phase.RESPONDED:
                result_at = entry.position
            case Phase.COMPLETED | Phase.FAILED | Phase.CANCELLED | Phase.EXPIRED:
                status, pending = ENDS[phase], {}
                error = entry.failure if phase is Phase.FAILED else None
            case _:
                pass
    # Written out: this runs for every entry, and dataclasses.replace costs three times as much.
    return State(
        status=status,
        position=entry.position,
        settled=settled,
        pending=pending,
        is_suspended=is_suspended,
        failing=failing,
        error=error,
        expires_at=state.expires_at,
        result_at=result_at,
    )


def _steps(state: State, attempt: Attempt | None) -> tuple[_Settled, _Pending]:
    """The steps that are settled and those that are not, after an attempt."""
    if attempt is None:
        return state.settled, state.pending
    key = attempt.step_id
    if not attempt.status.settles:
        return state.settled, {**state.pending, key: _pending(state, attempt)}
    settled = {**state.settled, key: attempt}
    if key not in state.pending:
        return settled, state.pending
    # An iterator that has ended takes what is left of its items along.
    items = f"{key}["
    left = {k: p for k, p in state.pending.items() if k != key and not k.startswith(items)}
    return settled, left


def _pending(state: State, attempt: Attempt) -> Pending:
    earlier = state.pending.get(attempt.step_id)
    is_approved = attempt.status is AttemptStatus.APPROVED
    return Pending(
        attempt=attempt,
        since=state.begun_at(attempt.step_id, attempt.started_at),
        is_approved=is_approved or (earlier is not None and earlier.is_approved),
    )
