"""What an answer from outside, or its absence, means for a step that waits."""

from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, assert_never

from shared.domain.executions import EXTENDED, Attempt, AttemptStatus, State, Status
from shared.domain.outcomes import (
    Completed,
    ErrorKind,
    Failed,
    Outcome,
    StepError,
    Wait,
    WaitKind,
)
from shared.domain.plans import Plan
from shared.domain.signals import (
    Answer,
    Arrived,
    Beat,
    ChildEnded,
    Decided,
    Submitted,
    TaskEnded,
    TurnCame,
)
from shared.domain.steps import APPROVED, REJECTED, TIMEOUT, Step, StepKind


def answered(  # noqa: PLR0911 - one answer a kind of signal
    plan: Plan, waiting: Attempt, signal: Answer
) -> Outcome | Attempt | None:
    """The outcome that ``signal`` gives the waiting attempt.

    An Attempt where the step goes on waiting, or may run now; None where the signal is not what
    the step waits for.
    """
    wait = waiting.wait
    kind = None if wait is None else wait.kind
    match signal:
        case Decided() if kind is WaitKind.APPROVAL:
            return _decided(plan, waiting, signal)
        case Submitted() if kind is WaitKind.FORM:
            return _submitted(waiting, signal)
        case Arrived() if kind is WaitKind.EVENT:
            return Completed(input=waiting.input, output=dict(signal.event))
        case TaskEnded() if kind is WaitKind.TASK and signal.attempt == waiting.number:
            return _ended(waiting, signal.output, signal.error)
        case Beat() if kind is WaitKind.TASK and signal.attempt == waiting.number:
            return _beaten(waiting, signal.at)
        case ChildEnded() if kind is WaitKind.SUBWORKFLOW and signal.attempt == waiting.number:
            return _child_ended(waiting, signal)
        case TurnCame() if kind is WaitKind.TURN:
            return Completed(input=waiting.input)
        case _:
            return None


def first_due(state: State, now: datetime) -> Attempt | None:
    """Of the waits whose time is up, the one that was up first."""
    waits = (pending.attempt for pending in state.pending.values())
    due = [
        (one.wake_at, one)
        for one in waits
        if one.status is AttemptStatus.WAITING and one.wake_at is not None and one.wake_at <= now
    ]
    return min(due, key=itemgetter(0))[1] if due else None


def timed_out(plan: Plan, waiting: Attempt) -> Outcome | Attempt:
    """The outcome of a wait whose time is up."""
    wait = waiting.wait
    assert wait is not None, "only a waiting attempt times out"
    if wait.kind is WaitKind.SLEEP:
        return Completed(input=waiting.input, output={"until": wait.data["until"]})
    if wait.kind is WaitKind.THROTTLE:  # there is room: the attempt goes on
        return replace(waiting, status=AttemptStatus.APPROVED, wake_at=None)
    if wait.kind is WaitKind.APPROVAL and (meant := wait.data["on_timeout"]) != "fail":
        silence = Decided(
            step_id=waiting.step_id,
            decision="approve" if meant == "approve" else "reject",
            decision_id=TIMEOUT,
            comment="Nobody decided in time.",
        )
        return _decided(plan, waiting, silence)
    if TIMEOUT in plan.handles.get(waiting.step_id, ()):
        return Completed(input=waiting.input, handle=TIMEOUT)
    # A worker may be tried again, and a child started anew; people and events are not.
    again = wait.kind in (WaitKind.TASK, WaitKind.SUBWORKFLOW)
    error = StepError(kind=ErrorKind.TIMEOUT, message=_silence(wait), retryable=again)
    called = waiting.output if wait.kind is WaitKind.SUBWORKFLOW else None
    return Failed(input=waiting.input, error=error, output=called)


def task_due_at(waiting_since: datetime, last_at: datetime, data: Any) -> datetime:
    """When a remote task is given up: at its timeout, or when its worker has been silent."""
    due_at = waiting_since + timedelta(seconds=data["timeout_s"])
    heartbeat_s = data.get("heartbeat_s")
    return due_at if heartbeat_s is None else min(due_at, last_at + timedelta(seconds=heartbeat_s))


def _decided(plan: Plan, waiting: Attempt, signal: Decided) -> Outcome | Attempt:
    step = plan.step_of(waiting.step_id)
    output = {
        "decision": signal.decision,
        "decision_id": signal.decision_id,
        "by": signal.by,
        "comment": signal.comment,
    }
    if signal.decision == "approve":
        if step.kind is StepKind.APPROVAL:
            return Completed(input=waiting.input, output=output, handle=APPROVED)
        status = AttemptStatus.APPROVED
        return replace(waiting, status=status, output=output, wake_at=None)
    if _leads_on(plan, step, REJECTED):
        return Completed(input=waiting.input, output=output, handle=REJECTED)
    said = f": {signal.comment}" if signal.comment else "."
    message = f"{signal.by or 'Nobody'} rejected it{said}"
    if signal.decision_id == TIMEOUT:
        message = "Nobody approved it in time."
    error = StepError(kind=ErrorKind.REJECTED, message=message)
    return Failed(input=waiting.input, output=output, error=error)


def _submitted(waiting: Attempt, signal: Submitted) -> Outcome:
    output = {
        "data": signal.data,
        "button": signal.button,
        "by": signal.by,
        "decision_id": signal.decision_id,
    }
    return Completed(input=waiting.input, output=output, handle=signal.button)


def _leads_on(plan: Plan, step: Step, handle: str) -> bool:
    return step.kind is StepKind.APPROVAL and handle in plan.handles[step.id]


def _ended(waiting: Attempt, output: Any, error: StepError | None) -> Outcome:
    if error is not None:
        return Failed(input=waiting.input, error=error)
    return Completed(input=waiting.input, output=output)


def _beaten(waiting: Attempt, at: datetime) -> Attempt | None:
    if waiting.wake_at is None or "timeout_s" not in waiting.output:
        return None  # an older log may lack it: a secret's value occurred in the word
    due_at = task_due_at(waiting.started_at, at, waiting.output)
    if due_at <= waiting.wake_at:
        return None
    # Not what the task was given: a worker may show a sign of life every second, for days.
    words = {word: told for word, told in waiting.output.items() if word != "input"}
    return replace(waiting, input=None, output={**words, EXTENDED: True}, wake_at=due_at)


def _child_ended(waiting: Attempt, signal: ChildEnded) -> Outcome:
    if signal.status is Status.COMPLETED:
        output = {"execution_id": signal.execution_id, "result": signal.output}
        return Completed(input=waiting.input, output=output)
    said = f": {signal.error.message}" if signal.error is not None else "."
    message = f"Execution {signal.execution_id} is {signal.status}{said}"
    error = StepError(kind=ErrorKind.SUBWORKFLOW, message=message, retryable=True)
    return Failed(input=waiting.input, error=error)


def _silence(wait: Wait) -> str:
    match wait.kind:
        case WaitKind.APPROVAL:
            return "Nobody decided in time."
        case WaitKind.FORM:
            return "Nobody filled in the form in time."
        case WaitKind.EVENT:
            return f"No '{wait.data['event_name']}' that matches came in time."
        case WaitKind.TASK:
            return "The worker did not answer in time, or gave no sign of life."
        case WaitKind.SUBWORKFLOW:
            return f"Execution {wait.data['execution_id']} did not end in time."
        case WaitKind.ITEMS | WaitKind.SLEEP | WaitKind.THROTTLE | WaitKind.TURN:
            raise AssertionError("these do not time out")
        case _:
            assert_never(wait.kind)
