"""The judge finds nothing in a sound run, and each broken promise in a spoilt one."""

from pathlib import Path

import pytest

from tests.chaos.answers import UNASKED
from tests.chaos.check import check
from tests.chaos.doctors import Doctor, call_again, log_of
from tests.chaos.small_case import BEGUN
from tests.chaos.small_run import sound_case
from tests.chaos.spoilt import SPOILT


def test_a_sound_run_is_found_sound(tmp_path: Path) -> None:
    """Nothing is found where nothing is wrong, and what there was is counted."""
    case = sound_case()
    case.write(tmp_path)
    report = check(case.plan, tmp_path)
    assert report.violations == []
    assert report.counts["executions"] == 11
    assert report.counts["events"] == 8
    assert report.counts["duplicate calls"] == 0
    assert report.counts["zombie writes fenced"] == 1


@pytest.mark.parametrize(
    ("invariant", "doctor"),
    [pytest.param(i, doctor, id=f"{i} {name}".replace(" ", "-")) for i, name, doctor in SPOILT],
)
def test_a_broken_promise_is_found(invariant: str, doctor: Doctor, tmp_path: Path) -> None:
    """A run spoilt in one place breaks the invariant that speaks of it."""
    case = sound_case()
    doctor(case)
    case.write(tmp_path)
    assert invariant in {found.invariant for found in check(case.plan, tmp_path).violations}


def test_a_repeated_call_near_a_fault_is_only_counted(tmp_path: Path) -> None:
    """A crash may repeat a call; the report says how many were."""
    case = sound_case()
    call_again(case)
    case.line("fault", "invoke", "kill")["at"] = BEGUN
    case.write(tmp_path)
    report = check(case.plan, tmp_path)
    assert report.violations == []
    assert report.counts["duplicate calls"] == 1


def test_a_violation_tells_the_course_of_events(tmp_path: Path) -> None:
    """The timeline holds the log and the calls, in order of time."""
    case = sound_case()
    call_again(case)
    case.write(tmp_path)
    [found] = check(case.plan, tmp_path).violations
    assert list(found.timeline) == sorted(found.timeline)
    assert any("call ok" in line for line in found.timeline)
    assert any("completed" in line for line in found.timeline)


def test_an_answer_that_nobody_asked_for_may_be_taken_for_one(tmp_path: Path) -> None:
    """It comes as another call waits, and has a status of its own, by which the judge knows it."""
    case = sound_case()
    log_of(case, "sequence", "a", "RETRYING")["error"]["status"] = UNASKED
    case.write(tmp_path)
    assert check(case.plan, tmp_path).violations == []
