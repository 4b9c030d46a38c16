"""How an attempt of a step stands once it has an outcome."""

from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import StepId
from shared.domain.outcomes import Completed, Failed, Outcome, Parked, Skipped, Wait
from shared.domain.readiness import RunStep, Underway
from shared.domain.retries import retry_at

_COMPLETED = AttemptStatus.COMPLETED

EDGES = "edges"
"""The ``handle`` of a step that no live edge leads to."""

ONLY = "only"
"""The ``handle`` of a step that has no part in an execution that does one step only."""


def attempted(
    effect: RunStep,
    outcome: Outcome,
    *,
    started_at: datetime,
    since: datetime,
    now: datetime,
    chance: float,
    is_last: bool,
) -> Attempt:
    """The attempt ``effect`` with its outcome; ``since`` is when the step's first attempt began.

    ``is_last``: nothing may follow of it; it is neither tried again nor waits.
    """
    status = _COMPLETED
    output, error, handle, wake_at = None, None, None, None
    match outcome:
        case Completed():
            output, handle = outcome.output, outcome.handle
        case Skipped():
            status, handle = AttemptStatus.SKIPPED, outcome.reason
        case Parked() if is_last:
            status = AttemptStatus.CANCELLED
        case Parked(wait=wait):
            status, wake_at, output = AttemptStatus.WAITING, outcome.wake_at, told(wait)
        case Failed():
            output, error = outcome.output, outcome.error
            wake_at = None if is_last else _again_at(effect, outcome, since, now, chance)
            status = AttemptStatus.FAILED if wake_at is None else AttemptStatus.RETRYING
        case _:
            assert_never(outcome)
    return Attempt(
        effect.key,
        effect.attempt,
        status,
        started_at,
        now,
        None if isinstance(outcome, Skipped) else outcome.input,
        output,
        error,
        wake_at,
        handle,
    )


def told(wait: Wait) -> dict[str, Any]:
    """What a step waits for, as its output."""
    return {"kind": wait.kind.value, **wait.data}


def _again_at(
    effect: RunStep, failed: Failed, since: datetime, now: datetime, chance: float
) -> datetime | None:
    if failed.ends:
        return None
    policy, number, error = effect.step.retry, effect.attempt, failed.error
    return retry_at(policy, attempt=number, error=error, since=since, now=now, chance=chance)


def broken_off(running: Underway, now: datetime) -> Attempt:
    """A step under way that is not to go on."""
    return Attempt(
        step_id=running.effect.key,
        number=running.effect.attempt,
        status=AttemptStatus.CANCELLED,
        started_at=running.started_at,
        ended_at=now,
    )


def left_out(key: StepId, now: datetime) -> Attempt:
    """A step that has no part in an execution that does one step only."""
    return replace(dead(key, now), number=0, handle=ONLY)


def dead(key: StepId, now: datetime) -> Attempt:
    """A step that no live edge leads to."""
    return Attempt(
        step_id=key,
        number=1,
        status=AttemptStatus.SKIPPED,
        started_at=now,
        ended_at=now,
        handle=EDGES,
    )
