"""An execution's state as the fold of its log.

A restart folds the stored log with the same function that a live execution uses, so a recovered
execution cannot differ from one that never stopped.
"""

from collections.abc import Iterable, Mapping
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
from shared.domain.ids import StepId

_SUSPENDS: Mapping[Phase, bool] = {Phase.SUSPENDED: True, Phase.RESUMED: False}
_RUNNING = Status.RUNNING
_Settled = Mapping[StepId, Attempt]
_Pending = Mapping[StepId, Pending]


def absorb(state: State, entry: Entry, growing: dict[StepId, Attempt] | None = None) -> State:
    """The state after ``entry``; a status that is not terminal is ``decide``'s to name.

    ``growing`` are the settled steps, to be added to, where nobody needs ``state`` any more.
    """
    settled, pending = _steps(state, entry.attempt, growing)
    status, error = _RUNNING, None
    is_suspended, failing, result_at = state.is_suspended, state.failing, state.result_at
    for phase in entry.phases:
        if phase in ENDS:
            status, pending = ENDS[phase], {}
            error = entry.failure if status is Status.FAILED else None
        elif phase in _SUSPENDS:
            is_suspended = _SUSPENDS[phase]
        elif phase is Phase.COMPENSATING:
            failing, pending = entry.failure, {}
        elif phase is Phase.RESPONDED:
            result_at = entry.position
    # In the order of the fields: this runs for every entry, and names would double its price.
    return State(
        status,
        entry.position,
        settled,
        pending,
        is_suspended,
        failing,
        error,
        state.expires_at,
        result_at,
    )


def absorb_all(state: State, entries: Iterable[Entry]) -> State:
    """The state after ``entries``, in time that grows as they do: nothing is copied for each."""
    growing = {**state.settled}
    for entry in entries:
        state = absorb(state, entry, growing)
    return state


def _steps(
    state: State, attempt: Attempt | None, growing: dict[StepId, Attempt] | None
) -> tuple[_Settled, _Pending]:
    """The steps that are settled and those that are not, after an attempt."""
    if attempt is None:
        return state.settled, state.pending
    key = attempt.step_id
    if not attempt.status.settles:
        return state.settled, {**state.pending, key: _pending(state, attempt)}
    settled = {**state.settled} if growing is None else growing
    settled[key] = attempt
    if key not in state.pending:
        return settled, state.pending
    # An iterator that has ended takes what is left of its items along.
    items = f"{key}["
    left = {k: p for k, p in state.pending.items() if k != key and not k.startswith(items)}
    return settled, left


def _pending(state: State, attempt: Attempt) -> Pending:
    earlier = state.pending.get(attempt.step_id)
    if earlier is not None and attempt.is_extended:
        attempt = replace(earlier.attempt, ended_at=attempt.ended_at, wake_at=attempt.wake_at)
    is_approved = attempt.status is AttemptStatus.APPROVED
    return Pending(
        attempt=attempt,
        since=state.begun_at(attempt.step_id, attempt.started_at),
        is_approved=is_approved or (earlier is not None and earlier.is_approved),
    )
