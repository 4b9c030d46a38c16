"""What the judge still holds against a run in which Postgres' clock was moved."""

from pathlib import Path

from tests.chaos.check import check
from tests.chaos.doctors import change, log_of, shown, told
from tests.chaos.evidence import stamped
from tests.chaos.small_run import sound_case

MOVED = "move_postgres_clock"


def test_what_is_early_by_the_clock_that_was_moved_is_early(tmp_path: Path) -> None:
    """It is the clock by which all is timed, and by which all is written down."""
    case = sound_case()
    case.line("fault", "ok", MOVED)
    change(log_of(case, "sleep", "nap", "WAITING"), wake_at=stamped(case.now + 9))
    case.write(tmp_path)
    assert {found.invariant for found in check(case.plan, tmp_path).violations} == {"I8"}


def test_a_nap_may_be_short_by_another_clock(tmp_path: Path) -> None:
    """The receiver's own did not jump; where Postgres' did not either, it is a violation."""
    case = sound_case()
    change(shown(case, "sleep", "after"), mono=shown(case, "sleep", "before")["mono"])
    case.write(tmp_path)
    assert [found.invariant for found in check(case.plan, tmp_path).violations] == ["I8"]
    case.line("fault", "ok", MOVED)
    case.write(tmp_path)
    assert check(case.plan, tmp_path).violations == []


def test_what_was_published_before_a_subscription_by_a_moved_clock_is_told_to_nobody(
    tmp_path: Path,
) -> None:
    """The product goes by the records' own times, and so does the judge, whoever's they are."""
    case = sound_case()
    case.line("fault", "invoke", "move_clock")
    line = told(case)
    line["op"] = "else"
    case.write(tmp_path)
    assert [found.invariant for found in check(case.plan, tmp_path).violations] == ["I13"]
    id_ = f'"{line["data"]["record"]}"'
    for record in case.records:
        if id_ in record["value"]:
            record["at"] -= 3_600
    case.write(tmp_path)
    assert check(case.plan, tmp_path).violations == []
