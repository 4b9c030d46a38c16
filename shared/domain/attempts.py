"""How an attempt of a step stands once it has an outcome."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from shared.domain.executions import Attempt, AttemptStatus
from shared.domain.ids import StepId
from shared.domain.outcomes import Completed, Failed, Outcome, Parked, Skipped
from shared.domain.readiness import RunStep, Underway
from shared.domain.retries import retry_at

EDGES = "edges"
"""The ``handle`` of a step that no live edge leads to."""


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
    attempt = Attempt(
        step_id=effect.key,
        number=effect.attempt,
        status=AttemptStatus.COMPLETED,
        started_at=started_at,
        ended_at=now,
        input=None if isinstance(outcome, Skipped) else outcome.input,
    )
    match outcome:
        case Completed(output=output, handle=handle):
            return replace(attempt, output=output, handle=handle)
        case Skipped(reason=reason):
            return replace(attempt, status=AttemptStatus.SKIPPED, handle=reason)
        case Parked() if is_last:
            return replace(attempt, status=AttemptStatus.CANCELLED)
        case Parked(wait=wait, wake_at=wake_at):
            output = {"kind": wait.kind.value, **wait.data}
            status = AttemptStatus.WAITING
            return replace(attempt, status=status, output=output, wake_at=wake_at)
        case Failed(error=error, ends=ends):
            policy = effect.step.retry
            at = (
                None
                if ends or is_last
                else retry_at(
                    policy,
                    attempt=effect.attempt,
                    error=error,
                    since=since,
                    now=now,
                    chance=chance,
                )
            )
            status = AttemptStatus.FAILED if at is None else AttemptStatus.RETRYING
            return replace(attempt, status=status, error=error, wake_at=at)
        case _:
            assert_never(outcome)


def broken_off(running: Underway, now: datetime) -> Attempt:
    """A step under way that is not to go on."""
    return Attempt(
        step_id=running.effect.key,
        number=running.effect.attempt,
        status=AttemptStatus.CANCELLED,
        started_at=running.started_at,
        ended_at=now,
    )


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
