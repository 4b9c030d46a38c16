"""What follows from a log entry, also from one in which words of ours are missing."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
import structlog

from services.executor.consequences import consequences
from shared.domain.executions import Attempt, AttemptStatus, Entry, Phase
from shared.domain.ids import ExecutionId, StepId
from shared.domain.outcomes import WaitKind
from shared.wire.lineage import Lineage, Parent
from shared.wire.topics import Topics
from tests.unit.executor.calls import EXECUTION, NOW, call

ORIGIN = call().origin
GIVEN = {"key": "{{secrets.x}}"}
TASK = {
    "kind": WaitKind.TASK.value,
    "action": "tickets:create",
    "action_version": 1,
    "task_id": f"{EXECUTION}:ask:2",
    "input": GIVEN,
    "heartbeat_s": None,
    "timeout_s": 20.0,
}


def attempt(output: Any, status: AttemptStatus = AttemptStatus.WAITING) -> Attempt:
    """An attempt that came to ``output``."""
    return Attempt(
        step_id=StepId("ask"),
        number=2,
        status=status,
        started_at=NOW,
        ended_at=NOW,
        input=GIVEN,
        output=output,
        wake_at=NOW,
    )


def without(word: str) -> dict[str, Any]:
    """A task as a secret of that value left it in logs of before: in no key of it, and no text."""
    told = {key.replace(word, "[secret x]"): value for key, value in TASK.items()}
    return {
        key: value.replace(word, "[secret x]")
        if isinstance(value, str) and key != "kind"
        else value
        for key, value in told.items()
    }


@pytest.mark.parametrize("word", ["task", "heartbeat", "input", "timeout_s", "version", ":ask:"])
def test_a_task_is_given_out_whatever_its_entry_lacks(word: str) -> None:
    """What can be known without the word is as ever; nothing raises."""
    told = Entry(position=3, attempt=attempt(TASK))
    [whole] = consequences(ORIGIN, told, NOW, Topics())
    lacking = replace(told, attempt=attempt(without(word)))
    [record] = consequences(ORIGIN, lacking, NOW, Topics())
    expected = orjson.loads(whole.value or b"")
    if word == "version":
        expected["data"]["action_version"] = None
    assert orjson.loads(record.value or b"") == expected
    assert (record.topic, record.key) == (whole.topic, whole.key)


@pytest.mark.parametrize(
    "lacking",
    [
        attempt(without("action")),
        attempt(without("task") | {"action": None}),
        attempt({"kind": "subworkflow"}),
        attempt({"kind": "subworkflow", "execution_id": "[secret x]"}),
        attempt({"kind": "subworkflow"}, AttemptStatus.FAILED),
    ],
)
def test_what_nothing_can_be_made_of_is_told_and_left_out(lacking: Attempt) -> None:
    """An entry stays in the log: to raise would end each executor that takes the partition."""
    parent = Parent(execution_id=ExecutionId(EXECUTION), step_id=StepId("p"), attempt=1, waits=True)
    origin = replace(ORIGIN, lineage=Lineage(parent=parent))
    entry = Entry(position=3, attempt=lacking, phases=(Phase.FAILED,))
    with structlog.testing.capture_logs() as logged:
        [end] = consequences(origin, entry, NOW, Topics())
    assert orjson.loads(end.value or b"")["type"] == "turnout.command.signal"
    [line] = logged
    assert line["event"] == "consequence_unreadable"
    assert (line["execution_id"], line["position"]) == (str(EXECUTION), 3)
