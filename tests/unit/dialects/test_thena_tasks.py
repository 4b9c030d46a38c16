"""Executions and their log in Thena's words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.api.dialects.thena.runs import (
    STATUSES,
    Word,
    execution_word,
    render_execution,
    render_tasks,
)
from services.api.executions.restore_execution import CurrentStep
from services.api.http.payloads import HIDDEN, written
from shared.db.history import Execution, LogEntry
from shared.domain.events import Event
from shared.domain.executions import AttemptStatus, Status
from shared.domain.ids import (
    DEFAULT_ENVIRONMENT,
    EventKey,
    ExecutionId,
    StepId,
    WorkflowId,
    event_key,
)
from shared.domain.outcomes import WaitKind
from shared.domain.steps import Compensation, Step, StepKind
from shared.wire.events import encode_event

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = AT + timedelta(seconds=2.5)
EXECUTION = Execution(
    id=ExecutionId(UUID(int=1)),
    environment_id=DEFAULT_ENVIRONMENT,
    workflow_id=WorkflowId(UUID(int=2)),
    workflow_version=3,
    workflow_name="Triage",
    revision="r",
    event_key=EventKey(UUID(int=4)),
    status=Status.RUNNING,
    created_at=AT,
    updated_at=LATER,
    finished_at=None,
    steps_settled=0,
    steps_total=1,
    error=None,
    cancel_requested_at=None,
    cancel_reason=None,
    expires_at=None,
    result_at=None,
    lineage=None,
)
STEPS = {
    "1": Step(id="1", action="a", compensation=Compensation(action="undo")),
    "2": Step(id="2", kind=StepKind.SLEEP),
}


def entry(step_id: str | None, status: AttemptStatus | None, **changes: Any) -> LogEntry:
    """A line of the log."""
    return replace(
        LogEntry(
            position=1,
            phases=(),
            step_id=step_id,
            attempt=1,
            status=status,
            input={"i": 1},
            output=None,
            error=None,
            started_at=AT,
            ended_at=LATER,
            wake_at=None,
            handle=None,
        ),
        **changes,
    )


def waiting(kind: WaitKind) -> dict[str, Any]:
    """What the line of a waiting attempt says more."""
    return {"status": AttemptStatus.WAITING, "output": {"kind": kind.value}}


def error(status: int | None) -> dict[str, Any]:
    """An error as the log has it."""
    told = {"message": "no", "retryable": False, "status": status, "retry_after_s": None}
    return {"kind": "http_status", **told}


def tasks_of(
    *entries: LogEntry, current: Sequence[CurrentStep] = (), status: Status = Status.RUNNING
) -> list[Any]:
    """The tasks, as whoever may see payloads gets them."""
    tasks = render_tasks(replace(EXECUTION, status=status), entries, current, STEPS)
    told: list[Any] = orjson.loads(written(tasks, may_see=True))
    return told


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": AttemptStatus.COMPLETED}, "FINISHED"),
        ({"status": AttemptStatus.FAILED, "error": error(500)}, "FAILED"),
        ({"status": AttemptStatus.RETRYING, "error": error(None)}, "FAILED"),
        ({"status": AttemptStatus.FAILED, "error": error(401)}, "UNAUTHORIZED"),
        ({"status": AttemptStatus.FAILED, "error": error(403)}, "UNAUTHORIZED"),
        ({"status": AttemptStatus.CANCELLED}, "FAILED"),
        ({"status": AttemptStatus.APPROVED}, "STARTED"),
        (waiting(WaitKind.APPROVAL), "AWAITING_USER_INPUT"),
        (waiting(WaitKind.TASK), "STARTED"),
        (waiting(WaitKind.SLEEP), "STARTED"),
        (waiting(WaitKind.THROTTLE), "STARTED"),
    ],
)
def test_each_status_of_an_attempt_has_its_word(changes: dict[str, Any], word: str) -> None:
    """Only what is over has taken time and come to something."""
    (task,) = tasks_of(replace(entry("1", None), **changes))
    assert task["status"] == word
    is_open = word in ("STARTED", "AWAITING_USER_INPUT")
    assert task["executionTime"] == (0 if is_open else 2.5)
    assert (task["result"] or {}).get("error", {}).get("message") == (
        "no" if "error" in changes else None
    )


def test_what_is_no_attempt_of_the_authors_is_no_task() -> None:
    """Skipped steps, what Turnout does itself, phases alone, what another execution did."""
    done = AttemptStatus.COMPLETED
    assert not tasks_of(
        entry("1", AttemptStatus.SKIPPED),
        entry("$annotate", done),
        entry(None, None, attempt=None),
        entry("1", done, attempt=0),
        current=[CurrentStep(key=StepId("$annotate"), attempt=1, stands="running")],
    )


def test_lines_of_one_attempt_are_one_task_and_what_has_no_line_is_there() -> None:
    """The first line says when it began, the last how it stands; the rest is under way or due."""
    asked = replace(entry("1", None), **waiting(WaitKind.APPROVAL))
    approved = entry("1", AttemptStatus.APPROVED, started_at=LATER)
    running = CurrentStep(key=StepId("2"), attempt=1, stands="running")
    retrying = CurrentStep(key=StepId("1"), attempt=1, stands="retrying", until=LATER)
    first, due, asleep = tasks_of(asked, approved, current=[retrying, running])
    assert (first["status"], first["startedAt"]) == ("STARTED", "2026-11-22T10:00:00.000000Z")
    assert (due["status"], due["isRetry"], due["startedAt"]) == ("SCHEDULED", True, None)
    assert (asleep["status"], asleep["stepIdentifier"]) == ("STARTED", 2)
    assert asleep["activity"]["uniqueIdentifier"] == "workflows:sleep-platform"
    waits = CurrentStep(key=StepId("1"), attempt=1, stands="waiting", waits_for=WaitKind.APPROVAL)
    assert [t["status"] for t in tasks_of(asked, current=[waits])] == ["AWAITING_USER_INPUT"]
    ended = tasks_of(asked, status=Status.CANCELLED)
    assert [(t["status"], t["result"]) for t in ended] == [("FAILED", None)]


def test_a_sign_of_life_leaves_a_task_what_it_was_given() -> None:
    """Its line says only until when the worker is waited for."""
    asked = replace(entry("1", None), **waiting(WaitKind.TASK))
    alive = replace(asked, input=None, output={**asked.output, "is_extended": True})
    (task,) = tasks_of(asked, replace(alive, ended_at=LATER + timedelta(seconds=1)))
    assert (task["status"], task["input"]) == ("STARTED", {"i": 1})
    assert task["lastUpdatedAt"] == "2026-11-22T10:00:03.500000Z"


def test_an_undoing_is_the_task_of_what_undoes() -> None:
    """Beside the step that it undoes, whose number it has."""
    done, undone = tasks_of(
        entry("1", AttemptStatus.COMPLETED), entry("1!", AttemptStatus.COMPLETED)
    )
    assert (done["isCompensation"], undone["isCompensation"]) == (False, True)
    assert (undone["stepIdentifier"], undone["activity"]["name"]) == (1, "undo")
    assert done["id"] != undone["id"]


def test_each_status_of_an_execution_has_its_word() -> None:
    """And each word finds every status that it may stand for."""
    for status in Status:
        for asks_somebody in (True, False):
            assert status in STATUSES[execution_word(status, asks_somebody=asks_somebody)]
    assert execution_word(Status.WAITING, asks_somebody=True) is Word.SUSPENDED
    assert execution_word(Status.WAITING, asks_somebody=False) is Word.EXECUTING_ACTIVITIES
    assert STATUSES.keys() == set(Word)


def test_an_execution_says_what_ended_it_and_hides_what_is_somebodys() -> None:
    """Its context is the event's as templates see it, and the workflow's name."""
    event = Event(
        key=event_key(DEFAULT_ENVIRONMENT, "desk", "e1"),
        environment_id=DEFAULT_ENVIRONMENT,
        type="ticket:created",
        source="desk",
        id="e1",
        received_at=AT,
        payload={"n": 1},
    )
    shown = render_execution(EXECUTION, Word.FAILED, encode_event(event))
    told = orjson.loads(written(shown, may_see=True))
    assert told["context"]["name"] == "Triage"
    assert told["context"]["event"]["message"]["payload"] == {"n": 1}
    assert orjson.loads(written(shown, may_see=False))["context"] == HIDDEN
    assert orjson.loads(written(render_execution(EXECUTION, Word.FAILED, None), may_see=True))[
        "context"
    ] == {"name": "Triage"}
    endings: list[tuple[dict[str, Any], str]] = [
        ({"status": Status.CANCELLED, "cancel_reason": "enough"}, "enough"),
        ({"status": Status.CANCELLED}, "It was cancelled."),
        ({"status": Status.EXPIRED}, "It has expired."),
        ({"status": Status.FAILED, "error": error(500)}, "no"),
    ]
    for changes, message in endings:
        ended = replace(EXECUTION, **changes)
        told = orjson.loads(written(render_execution(ended, Word.FAILED, None), may_see=True))
        assert told["error"]["message"] == message
