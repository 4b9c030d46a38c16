"""What an answer, or silence, means for each thing that a step can wait for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.answers import answered, task_due_at, timed_out
from shared.domain.executions import Attempt, AttemptStatus, Status
from shared.domain.ids import StepId
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, StepError
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
from shared.domain.steps import Approval
from tests.unit.domain.graphs import flow, joined, step

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A = StepId("a")
LOST = StepError(kind=ErrorKind.REMOTE, message="lost", retryable=True)

ACTION = flow(step("a", approval=Approval()))
GATE = {"kind": "approval", "action": None, "approval": Approval()}
PERSON = flow(step("a", **GATE))
WAYS = flow(
    step("a", **GATE),
    step("b"),
    step("c"),
    edges=(
        joined("a", "b", handle="rejected"),
        joined("a", "c", handle="timeout"),
    ),
)


def waiting(kind: str, **data: object) -> Attempt:
    """Attempt 2 of the step, waiting since NOW."""
    return Attempt(
        step_id=A,
        number=2,
        status=AttemptStatus.WAITING,
        started_at=NOW,
        ended_at=NOW,
        input="in",
        output={"kind": kind, **data},
        wake_at=NOW + timedelta(seconds=10),
    )


TURN = TurnCame(step_id=A)
YES = Decided(step_id=A, decision="approve", decision_id="1", by="ann")
NO = Decided(step_id=A, decision="reject", decision_id="2", by="bob", comment="why")
SENT = Submitted(step_id=A, data={"x": 1}, decision_id="3", button="send")
CAME = Arrived(step_id=A, event={"type": "a:b"})
DONE = TaskEnded(step_id=A, attempt=2, output=5)
LOSS = TaskEnded(step_id=A, attempt=2, error=LOST)
CHILD = ChildEnded(step_id=A, attempt=2, execution_id="e", status=Status.COMPLETED, output=6)
BEAT = Beat(step_id=A, attempt=2, at=NOW + timedelta(seconds=9))
TASK = {"timeout_s": 60.0, "heartbeat_s": 10.0}


def facts(outcome: Outcome | Attempt | None) -> tuple[Any, ...]:
    """An outcome in short."""
    match outcome:
        case Completed(input="in", output=output, handle=handle):
            return ("completed", handle, output)
        case Failed(input="in", error=error):
            return ("failed", error.kind, error.retryable)
        case Attempt(status=status):
            return (status,)
        case _:
            return (outcome,)


@pytest.mark.parametrize(
    ("plan", "wait", "signal", "expected"),
    [
        (ACTION, waiting("approval"), YES, (AttemptStatus.APPROVED,)),
        (ACTION, waiting("approval"), NO, ("failed", ErrorKind.REJECTED, False)),
        (PERSON, waiting("approval"), NO, ("failed", ErrorKind.REJECTED, False)),
        (ACTION, waiting("task", **TASK), DONE, ("completed", None, 5)),
        (ACTION, waiting("task", **TASK), LOSS, ("failed", ErrorKind.REMOTE, True)),
        (ACTION, waiting("task", **TASK), BEAT, (AttemptStatus.WAITING,)),
        (ACTION, waiting("task", **TASK), replace(BEAT, at=NOW), (None,)),
        (ACTION, waiting("task", **TASK), replace(DONE, attempt=1), (None,)),
        (ACTION, waiting("task", **TASK), replace(BEAT, attempt=3), (None,)),
        (ACTION, waiting("event"), CAME, ("completed", None, {"type": "a:b"})),
        (
            ACTION,
            waiting("subworkflow"),
            CHILD,
            ("completed", None, {"execution_id": "e", "result": 6}),
        ),
        (ACTION, waiting("turn"), TURN, ("completed", None, None)),
        (ACTION, waiting("subworkflow"), replace(CHILD, attempt=1), (None,)),
        (
            ACTION,
            waiting("subworkflow"),
            replace(CHILD, status=Status.EXPIRED),
            ("failed", ErrorKind.SUBWORKFLOW, True),
        ),
        *((ACTION, waiting("sleep"), one, (None,)) for one in (YES, SENT, CAME, DONE, CHILD, BEAT)),
        *((ACTION, waiting("items"), one, (None,)) for one in (YES, SENT, CAME, DONE, CHILD, BEAT)),
        *((ACTION, waiting("throttle"), one, (None,)) for one in (YES, CAME, DONE, BEAT, TURN)),
        *((ACTION, waiting("turn"), one, (None,)) for one in (YES, SENT, CAME, DONE, CHILD, BEAT)),
        *((ACTION, waiting("event"), one, (None,)) for one in (TURN,)),
        *((ACTION, waiting("approval"), one, (None,)) for one in (SENT, CAME, DONE, CHILD, BEAT)),
        *((ACTION, waiting("form"), one, (None,)) for one in (YES, NO, CAME, DONE, CHILD, BEAT)),
        *((ACTION, waiting("event"), one, (None,)) for one in (YES, SENT, DONE, CHILD, BEAT)),
        *((ACTION, waiting("task"), one, (None,)) for one in (YES, SENT, CAME, CHILD)),
        *((ACTION, waiting("subworkflow"), one, (None,)) for one in (YES, SENT, CAME, DONE, BEAT)),
    ],
)
def test_an_answer_counts_only_where_it_is_waited_for(
    plan: Plan, wait: Attempt, signal: Answer, expected: tuple[Any, ...]
) -> None:
    """By the kind of the wait, and the attempt that a machine answers."""
    assert facts(answered(plan, wait, signal)) == expected


def test_an_approval_step_is_left_by_the_decision() -> None:
    """The decision is its output, with who made it; a no leads on where it is drawn."""
    yes = answered(PERSON, waiting("approval"), YES)
    assert isinstance(yes, Completed)
    assert yes.handle == "approved"
    no = answered(WAYS, waiting("approval"), NO)
    assert isinstance(no, Completed)
    assert no.handle == "rejected"
    assert no.output == {"decision": "reject", "decision_id": "2", "by": "bob", "comment": "why"}


def test_a_form_is_left_by_its_button() -> None:
    """The data given is in its output."""
    sent = answered(ACTION, waiting("form"), SENT)
    assert isinstance(sent, Completed)
    assert (sent.handle, sent.output["data"]) == ("send", {"x": 1})


@pytest.mark.parametrize(
    ("plan", "wait", "expected"),
    [
        (ACTION, waiting("sleep", until="t"), ("completed", None, {"until": "t"})),
        (ACTION, waiting("approval", on_timeout="fail"), ("failed", ErrorKind.TIMEOUT, False)),
        (ACTION, waiting("approval", on_timeout="approve"), (AttemptStatus.APPROVED,)),
        (ACTION, waiting("approval", on_timeout="reject"), ("failed", ErrorKind.REJECTED, False)),
        (PERSON, waiting("approval", on_timeout="fail"), ("failed", ErrorKind.TIMEOUT, False)),
        (WAYS, waiting("approval", on_timeout="fail"), ("completed", "timeout", None)),
        (WAYS, waiting("form"), ("completed", "timeout", None)),
        (ACTION, waiting("form"), ("failed", ErrorKind.TIMEOUT, False)),
        (ACTION, waiting("event", event_name="a"), ("failed", ErrorKind.TIMEOUT, False)),
        (ACTION, waiting("task"), ("failed", ErrorKind.TIMEOUT, True)),
        (ACTION, waiting("subworkflow", execution_id="e"), ("failed", ErrorKind.TIMEOUT, True)),
    ],
)
def test_silence_means_what_the_step_says(
    plan: Plan, wait: Attempt, expected: tuple[Any, ...]
) -> None:
    """Machines may be tried again; people and events are not."""
    assert facts(timed_out(plan, wait)) == expected


def test_room_lets_the_attempt_go_on() -> None:
    """As the same attempt, which knows until when there is room."""
    held = waiting("throttle", until="2026-11-22T00:01:00Z")
    assert timed_out(ACTION, held) == replace(held, status=AttemptStatus.APPROVED, wake_at=None)


def test_silence_can_be_a_no_that_leads_on() -> None:
    """``on_timeout: reject`` is a rejection by nobody."""
    no = timed_out(WAYS, waiting("approval", on_timeout="reject"))
    assert isinstance(no, Completed)
    assert (no.handle, no.output["by"]) == ("rejected", None)


@pytest.mark.parametrize(
    ("heartbeat_s", "heard_s", "due_s"), [(None, 30, 60), (10.0, 30, 40), (10.0, 55, 60)]
)
def test_a_worker_is_given_up_when_silent_and_at_its_timeout(
    heartbeat_s: float | None, heard_s: int, due_s: int
) -> None:
    """Signs of life put off the one, not the other."""
    heard_at = NOW + timedelta(seconds=heard_s)
    due_at = task_due_at(NOW, heard_at, {"timeout_s": 60.0, "heartbeat_s": heartbeat_s})
    assert due_at == NOW + timedelta(seconds=due_s)


def test_a_task_whose_timeout_is_not_known_ends_when_it_was_to() -> None:
    """Older logs may lack the word: a sign of life puts nothing off then, and nothing raises."""
    beat = Beat(step_id=A, attempt=2, at=NOW + timedelta(seconds=30))
    known = waiting("task", timeout_s=60.0, heartbeat_s=10.0)
    put_off = answered(ACTION, known, beat)
    assert isinstance(put_off, Attempt)
    assert put_off.wake_at == NOW + timedelta(seconds=40)
    assert answered(ACTION, waiting("task", heartbeat_s=10.0), beat) is None
