"""How steps can end, and what can answer those that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.domain.executions import Attempt, Status
from shared.domain.ids import StepId, split_key
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Outcome,
    Parked,
    Skipped,
    StepError,
    Wait,
    WaitKind,
)
from shared.domain.readiness import RunStep
from shared.domain.signals import Answer, Arrived, Beat, ChildEnded, Decided, Submitted, TaskEnded
from shared.domain.steps import DEFAULT_CASE, FALSE, TRUE, StepKind

TASK_S = 60.0

PASSING = StepError(kind=ErrorKind.HTTP, message="busy", retryable=True)
REMOTE = StepError(kind=ErrorKind.REMOTE, message="lost", retryable=True)
FINAL = StepError(kind=ErrorKind.HTTP, message="no", retryable=False)
SLOW = StepError(kind=ErrorKind.HTTP, message="later", retryable=True, retry_after_s=40.0)

GOOD = Completed(output="good")
BAD = Failed(error=FINAL)
BUSY = Failed(error=PASSING)


def outcomes(effect: RunStep, now: datetime) -> list[Outcome]:
    """How a step can end; the first is the best."""
    step = effect.step
    good: list[Outcome] = [Completed(input={}, output=f"of {effect.key}")]
    match step.kind:
        case StepKind.CONDITION:
            good = [Completed(handle=TRUE), Completed(handle=FALSE)]
        case StepKind.SWITCH:
            good = [Completed(handle="case"), Completed(handle=DEFAULT_CASE)]
        case StepKind.RESPOND:
            good = [Completed(output="answer", is_result=True)]
        case StepKind.TERMINATE if step.terminate and step.terminate.status == "failed":
            good = [Failed(error=FINAL, ends=True), Skipped()]
        case StepKind.TERMINATE:
            good = [Completed(is_result=True, ends=True), Skipped()]
        case StepKind.ACTION if step.approval is None or effect.is_approved:
            good += [_parked(effect, now)]
        case StepKind.ACTION | StepKind.ITERATOR | StepKind.SUBWORKFLOW | StepKind.SLEEP:
            good = [_parked(effect, now)]
        case StepKind.APPROVAL | StepKind.FORM | StepKind.WAIT:
            good = [_parked(effect, now)]
    errors = [PASSING, FINAL, REMOTE, FINAL, SLOW, FINAL]
    bad = [Failed(error=error) for error in errors]
    return [*good, *good, Skipped(reason="run_if"), *bad]


def _parked(effect: RunStep, now: datetime) -> Parked:
    step = effect.step
    timeout_s: float | None = None
    data: dict[str, Any] = {}
    kind = WaitKind.TASK
    if step.approval is not None and not effect.is_approved:
        kind, timeout_s = WaitKind.APPROVAL, step.approval.timeout_s
        data = {"on_timeout": step.approval.on_timeout}
    elif step.form is not None:
        kind, timeout_s = WaitKind.FORM, step.form.timeout_s
    elif step.wait is not None:
        kind, timeout_s = WaitKind.EVENT, step.wait.timeout_s
        data = {"event_name": step.wait.event_name}
    elif step.sleep is not None:
        kind, timeout_s = WaitKind.SLEEP, step.sleep.duration_s
        data = {"until": "then"}
    elif step.subworkflow is not None:
        kind, timeout_s = WaitKind.SUBWORKFLOW, step.subworkflow.timeout_s
        data = {"execution_id": f"{effect.key}:{effect.attempt}", "input": 1}
    elif step.iterator is not None:
        kind, data = WaitKind.ITEMS, {"items": list(range((now.second + int(step.id[1:])) % 5))}
    else:
        timeout_s = TASK_S
        data = {"timeout_s": TASK_S, "heartbeat_s": step.heartbeat_s}
    first_s = min(timeout_s, step.heartbeat_s or timeout_s) if timeout_s else None
    return Parked(
        wait=Wait(kind=kind, data=data),
        wake_at=None if first_s is None else now + timedelta(seconds=first_s),
        input={},
        is_detached=step.subworkflow is not None and not step.subworkflow.wait,
    )


def answers(waiting: Attempt, now: datetime) -> Sequence[Answer]:
    """What can answer a wait; the first is the best."""
    key, number = waiting.step_id, waiting.number
    match waiting.wait and waiting.wait.kind:
        case WaitKind.APPROVAL:
            return [
                Decided(step_id=key, decision="approve", decision_id="1", by="a"),
                Decided(step_id=key, decision="reject", decision_id="2", by="b"),
            ]
        case WaitKind.FORM:
            return [
                Submitted(step_id=key, data={}, decision_id="1", button="send"),
                Submitted(step_id=key, data={}, decision_id="2"),
            ]
        case WaitKind.EVENT:
            return [Arrived(step_id=key, event={"type": "a:b"})]
        case WaitKind.TASK:
            return [
                TaskEnded(step_id=key, attempt=number, output="done"),
                TaskEnded(step_id=key, attempt=number, error=PASSING),
                Beat(step_id=key, attempt=number, at=now),
            ]
        case WaitKind.SUBWORKFLOW:
            ended = [Status.COMPLETED, Status.FAILED, Status.CANCELLED]
            return [
                ChildEnded(step_id=key, attempt=number, execution_id="x", status=status)
                for status in ended
            ]
        case _:
            return []


def misled(signal: Answer, pick: int) -> Answer:
    """A signal that is meant for another step, or another attempt."""
    fields = {name: getattr(signal, name) for name in signal.__slots__}
    if pick % 2 and "attempt" in fields:
        return type(signal)(**{**fields, "attempt": fields["attempt"] + 1})
    return type(signal)(**{**fields, "step_id": StepId(f"{split_key(signal.step_id).step_id}x")})
