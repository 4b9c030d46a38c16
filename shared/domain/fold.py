"""An execution's state as the fold of its log.

A restart folds the stored log with the same function that a live execution uses, so a recovered
execution cannot differ from one that never stopped.
"""

from dataclasses import replace

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


def absorb(state: State, entry: Entry) -> State:
    """The state after ``entry``; a status that is not terminal is ``decide``'s to name."""
    after = replace(state, position=entry.position, status=Status.RUNNING)
    if entry.attempt is not None:
        after = _with_attempt(after, entry.attempt)
    for phase in entry.phases:
        after = _with_phase(after, phase, entry)
    return after


def _with_attempt(state: State, attempt: Attempt) -> State:
    key = attempt.step_id
    if not attempt.status.settles:
        return replace(state, pending={**state.pending, key: _pending(state, attempt)})
    settled = {**state.settled, key: attempt}
    if key not in state.pending:
        return replace(state, settled=settled)
    # An iterator that has ended takes what is left of its items along.
    items = f"{key}["
    left = {k: p for k, p in state.pending.items() if k != key and not k.startswith(items)}
    return replace(state, settled=settled, pending=left)


def _pending(state: State, attempt: Attempt) -> Pending:
    earlier = state.pending.get(attempt.step_id)
    is_approved = attempt.status is AttemptStatus.APPROVED
    return Pending(
        attempt=attempt,
        since=state.begun_at(attempt.step_id, attempt.started_at),
        is_approved=is_approved or (earlier is not None and earlier.is_approved),
    )


def _with_phase(state: State, phase: Phase, entry: Entry) -> State:
    match phase:
        case Phase.SUSPENDED | Phase.RESUMED:
            return replace(state, is_suspended=phase is Phase.SUSPENDED)
        case Phase.COMPENSATING:
            return replace(state, failing=entry.failure, pending={})
        case Phase.RESPONDED:
            return replace(state, result_at=entry.position)
        case Phase.COMPLETED | Phase.FAILED | Phase.CANCELLED | Phase.EXPIRED:
            error = entry.failure if phase is Phase.FAILED else None
            return replace(state, status=ENDS[phase], pending={}, error=error)
        case _:
            return state
