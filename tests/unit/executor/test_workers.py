"""Actions that workers do."""

from datetime import timedelta
from typing import Any

import pytest

from services.executor.actions.registered import WorkerAction
from shared.domain.outcomes import Completed, ErrorKind, Failed, Parked, WaitKind
from shared.domain.steps import Step
from tests.support.virtual_clock import VirtualClock
from tests.unit.executor.calls import EXECUTION, NOW, after, call, registered

TICKET: dict[str, Any] = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": {"type": "string"}, "urgent": {"type": "boolean"}},
}


async def test_a_task_says_what_to_do_and_until_when() -> None:
    """The step parks with the task, which each attempt names anew, for as long as it may take."""
    outcome = await WorkerAction(registered())(call({"title": "t"}))
    assert isinstance(outcome, Parked)
    assert outcome.wait.kind is WaitKind.TASK
    assert outcome.wait.data == {
        "action": "tickets:create",
        "action_version": 1,
        "task_id": f"{EXECUTION}:ask:2",
        "input": {"title": "t"},
        "heartbeat_s": None,
        "timeout_s": 20.0,
    }
    assert outcome.wake_at == NOW + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("action_s", "heartbeat_s", "wake_s", "timeout_s"),
    [
        (None, 5.0, 5, 20),
        (8.0, None, 8, 8),
        (8.0, 5.0, 5, 8),
        (8.0, 9.0, 8, 8),
        (60.0, 25.0, 20, 20),
    ],
)
async def test_the_first_limit_wakes_it(
    action_s: float | None, heartbeat_s: float | None, wake_s: float, timeout_s: float
) -> None:
    """Of the step's, the action's and the heartbeat's limit the earliest ends the wait."""
    outcome = await WorkerAction(registered(timeout_s=action_s))(call(heartbeat_s=heartbeat_s))
    assert isinstance(outcome, Parked)
    assert outcome.wake_at == NOW + timedelta(seconds=wake_s)
    assert outcome.wait.data["timeout_s"] == timeout_s


async def test_a_worker_has_an_hour_where_nobody_says_less() -> None:
    """A step without a limit takes the action's, and else an hour."""
    boundless = call(step=Step(id="ask", action="tickets:create"), timeout_s=30.0)
    for action_s, expected_s in ((None, 3_600.0), (8.0, 8.0)):
        outcome = await WorkerAction(registered(timeout_s=action_s))(boundless)
        assert isinstance(outcome, Parked)
        assert outcome.wait.data["timeout_s"] == expected_s


async def test_a_worker_s_time_begins_when_the_task_s_turn_has_come() -> None:
    """However long its input has waited to be checked."""
    clock = VirtualClock(NOW)
    action = WorkerAction(registered(input_schema=TICKET))
    outcome = await action(call({"title": "t"}, clock=clock, in_turn=after(clock, 60)))
    assert isinstance(outcome, Parked)
    assert outcome.wake_at == NOW + timedelta(seconds=60 + 20)


async def test_an_unfit_input_becomes_no_task() -> None:
    """Every fault of the input is named, each with its place, and none quotes a value."""
    action = WorkerAction(registered(input_schema=TICKET))
    outcome = await action(call({"urgent": "canary"}))
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.INVALID_INPUT
    assert not outcome.error.retryable
    assert '(whole): "title" is a required property' in outcome.error.message
    assert '/urgent: the value is not of type "boolean"' in outcome.error.message
    assert "canary" not in outcome.error.message


def test_what_a_worker_gives_is_checked() -> None:
    """An output that fits completes the step; another fails it for good."""
    action = WorkerAction(registered(output_schema=TICKET))
    assert action.answered({"title": "t"}) == Completed(output={"title": "t"})
    unfit = action.answered([1])
    assert isinstance(unfit, Failed)
    assert (unfit.error.kind, unfit.error.retryable) == (ErrorKind.UNFIT, False)
