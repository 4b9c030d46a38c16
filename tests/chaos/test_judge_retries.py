"""The judge of repeated calls: sound where a receiver was heard, and not where it was not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.evidence import Evidence, Row
from tests.chaos.judge_retries import judge_retries
from tests.chaos.small_case import Case
from tests.chaos.small_run import of_flow, sound_case
from tests.chaos.workflows import RETRY

MOST = int(RETRY["max_attempts"])


def calls_of(case: Case, step: str) -> list[Row]:
    """The calls of a step of the workflow "sequence"."""
    key = f"{of_flow(case, 'sequence')}:{step}"
    return [line for line in case.lines if line["op"] == "call" and line["id"] == key]


def busy(case: Case, gap_s: float) -> None:
    """The receiver had no time at first, and was called again after so long."""
    first, second = calls_of(case, "a")
    first["data"]["kind"] = "busy"
    second["mono"] = first["mono"] + gap_s


def often(case: Case, count: int) -> None:
    """A step that was called so often, each time with an attempt of its own."""
    id_ = of_flow(case, "sequence")
    for _ in range(count):
        case.call(id_, "z", "status", status="RETRYING")


def found(case: Case, folder: Path) -> set[str]:
    """Which invariants are broken."""
    case.write(folder)
    return {violation.invariant for violation in judge_retries(Evidence(case.plan, folder))}


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda case: busy(case, 1.2), set()),
        (lambda case: busy(case, 0.9), {"I4"}),
        (lambda case: often(case, MOST), set()),
        (lambda case: often(case, MOST + 1), {"I4"}),
    ],
)
def test_a_receiver_is_heard(
    change: Callable[[Case], None], broken: set[str], tmp_path: Path
) -> None:
    """No call comes before the time it asked for, nor more of them than the policy allows."""
    case = sound_case()
    assert not found(case, tmp_path)
    change(case)
    assert found(case, tmp_path) == broken


def test_who_has_not_heard_the_answer_may_call_at_once(tmp_path: Path) -> None:
    """A call without an attempt was made by one who did not live to write it down."""
    case = sound_case()
    busy(case, 0.1)
    case.lines.append({**calls_of(case, "a")[0]})
    assert not found(case, tmp_path)


def test_whom_the_answer_reached_too_late_may_call_by_its_own_policy(tmp_path: Path) -> None:
    """The attempt had timed out by then; one that was answered had better heed it."""
    for status, broken in ((None, set()), (429, {"I4"})):
        case = sound_case()
        busy(case, 0.7)
        id_ = of_flow(case, "sequence")
        [tried, *_] = [
            row
            for row in case.tables["execution_log"]
            if row["execution_id"] == id_ and row["step_id"] == "a"
        ]
        tried["error"] = {"kind": "timeout" if status is None else "status", "status": status}
        assert found(case, tmp_path) == broken
