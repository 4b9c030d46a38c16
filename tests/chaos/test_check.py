"""The judge finds nothing in a sound run, and each broken promise in a spoilt one."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.answers import UNASKED
from tests.chaos.check import check
from tests.chaos.doctors import (
    Doctor,
    begin_again,
    call_again,
    call_late_beside,
    drop_execution,
    log_of,
    own_again,
    start_when_off,
)
from tests.chaos.evidence import Row, Violation
from tests.chaos.small_case import Case
from tests.chaos.small_run import sound_case
from tests.chaos.spoilt import SPOILT


def test_a_sound_run_is_found_sound(tmp_path: Path) -> None:
    """Nothing is found where nothing is wrong, and what there was is counted."""
    case = sound_case()
    case.write(tmp_path)
    report = check(case.plan, tmp_path)
    assert report.violations == []
    assert report.counts["executions"] == 16
    assert report.counts["events"] == 10
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


def test_a_call_that_the_next_owner_repeats_is_only_counted(tmp_path: Path) -> None:
    """A crash may repeat a call; the report says how many were."""
    case = sound_case()
    begin_again(case, epoch=2)
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


def test_who_does_not_tell_of_attempts_is_not_accused(tmp_path: Path) -> None:
    """An executor of an older release beside us does not."""
    case = sound_case()
    call_again(case)
    case.line("commit", "ok", "0", epoch=2, sent=0.0)["process"] = "executor-1"
    assert not violations(case, tmp_path)


def test_an_answer_that_nobody_asked_for_may_be_taken_for_one(tmp_path: Path) -> None:
    """It comes as another call waits, and has a status of its own, by which the judge knows it."""
    case = sound_case()
    log_of(case, "sequence", "a", "RETRYING")["error"]["status"] = UNASKED
    case.write(tmp_path)
    assert check(case.plan, tmp_path).violations == []


def test_a_late_call_of_who_had_lost_the_partition_is_no_fault(tmp_path: Path) -> None:
    """It began under an epoch that was over, and could not know."""
    case = sound_case()
    call_late_beside(case, "restart_postgres", 1)
    found = {violation.invariant for violation in violations(case, tmp_path)}
    assert "I5" not in found


@pytest.mark.parametrize(
    ("fault", "seat"), [("stall", "executor-1"), ("swallow_kafka", None), ("roll", None)]
)
def test_a_partition_that_a_fault_moves_is_no_fault(
    fault: str, seat: str | None, tmp_path: Path
) -> None:
    """Its owner was stopped, or cut off."""
    case = sound_case()
    own_again(case, fault, **({} if seat is None else {"seat": seat}))
    moved = [found for found in violations(case, tmp_path) if "for nothing" in found.detail]
    assert not moved


@pytest.mark.parametrize("phase", ["drive", "end"])
def test_who_joins_or_leaves_moves_partitions(phase: str, tmp_path: Path) -> None:
    """When all have come, and when all leave, partitions go from hand to hand."""
    case = sound_case()
    case.passes(60.0)
    case.owned(2)
    case.line("phase", "info", phase)
    case.owned(3)
    assert not [found for found in violations(case, tmp_path) if "for nothing" in found.detail]


@pytest.mark.parametrize("spoil", [lambda case: drop_execution(case, "toggled"), start_when_off])
def test_who_was_cut_off_need_not_know_what_is_switched_on(spoil: Doctor, tmp_path: Path) -> None:
    """While a matcher could not hear of it, a change may have had its effect, or not."""
    case = sound_case()
    for line in changes(case):
        cut = {**line, "op": "fault", "id": "swallow_postgres", "data": {}}
        case.lines += [cut, {**cut, "outcome": "ok", "mono": line["mono"] + 60.0}]
    spoil(case)
    wrong = [found.detail for found in violations(case, tmp_path) if found.invariant == "I1"]
    assert not wrong


def violations(case: Case, folder: Path) -> Sequence[Violation]:
    """What the judge finds in a run."""
    case.write(folder)
    return check(case.plan, folder).violations


def changes(case: Case) -> list[Row]:
    """When workflows were asked to be switched on and off."""
    return [x for x in case.lines if x["op"] == "register" and x["outcome"] == "invoke"]
