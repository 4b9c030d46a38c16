"""Which steps wait for something from outside: the rows in which others find them."""

from collections.abc import Iterator
from datetime import datetime

from services.executor.runs import Run
from shared.db.group import Waiting
from shared.domain.executions import Attempt, State
from shared.domain.ids import StepId
from shared.domain.outcomes import WaitKind

_INSIDE = frozenset({WaitKind.SLEEP, WaitKind.ITEMS, WaitKind.THROTTLE})
"""What is waited for without anyone having to find the step."""


def waits_in(state: State) -> dict[StepId, Attempt]:
    """The attempts that wait for something from outside."""
    return {
        key: pending.attempt
        for key, pending in state.pending.items()
        if (wait := pending.attempt.wait) is not None and wait.kind not in _INSIDE
    }


def wait_changes(run: Run, after: State) -> Iterator[Waiting]:
    """What changes in the rows of a run when ``after`` is written."""
    if after.pending is run.written.pending:  # as it is where nothing in it changed
        return
    old, new = waits_in(run.written), waits_in(after)
    for key, attempt in new.items():
        if old.get(key) is not attempt:
            yield waiting(run, attempt, has_looked_back=not _looks_back(attempt))
    for key in old.keys() - new.keys():
        yield Waiting(
            partition=run.owned.partition,
            execution_id=run.id,
            step_id=key,
            environment_id=run.origin.environment_id,
        )


def waiting(run: Run, attempt: Attempt, *, has_looked_back: bool) -> Waiting:
    """The row of a step that waits."""
    return Waiting(
        partition=run.owned.partition,
        execution_id=run.id,
        step_id=attempt.step_id,
        environment_id=run.origin.environment_id,
        attempt=attempt,
        has_looked_back=has_looked_back,
    )


def looking_back(state: State) -> list[Attempt]:
    """The attempts for which something counts that came before they waited: an event, a turn."""
    return [attempt for attempt in waits_in(state).values() if _looks_back(attempt)]


def must_look_back(before: State, after: State) -> bool:
    """Whether ``after`` waits for something of that kind for which ``before`` did not."""
    if after.pending is before.pending or not (new := looking_back(after)):
        return False
    known = {attempt.step_id for attempt in looking_back(before)}
    return any(attempt.step_id not in known for attempt in new)


def silent_tasks(state: State, now: datetime) -> list[Attempt]:
    """The remote tasks that would be given up, if their workers had not shown signs of life."""
    return [
        attempt
        for attempt in waits_in(state).values()
        if attempt.output.get("heartbeat_s") is not None
        and attempt.wake_at is not None
        and attempt.wake_at <= now
    ]


def _looks_back(attempt: Attempt) -> bool:
    wait = attempt.wait
    if wait is None:
        return False
    is_of_event = wait.kind is WaitKind.EVENT and bool(wait.data["look_back"])
    return is_of_event or wait.kind is WaitKind.TURN
