"""What each fault may explain, and for how long."""

import pytest

from tests.chaos.history import Line
from tests.chaos.nemesis import KINDS
from tests.chaos.troubles import (
    AT_ALL,
    AT_ONE,
    AT_SERVERS,
    HARMLESS,
    KILLS,
    REJOIN_S,
    Trouble,
    keeps_in_the_dark,
    moves_partitions,
    troubles_of,
)


def line(
    op: str, outcome: str, id_: str, mono: float, process: str = "stage", **data: object
) -> Line:
    """A line of history."""
    return Line(at=mono, mono=mono, process=process, op=op, outcome=outcome, id=id_, data={**data})


def test_every_fault_has_its_place() -> None:
    """A new fault is in one of the sets, so that what it explains is thought of."""
    sets = (AT_ONE, AT_ALL, AT_SERVERS, HARMLESS, KILLS)
    assert sorted(KINDS) == sorted(name for names in sets for name in names)


def test_a_fault_lasts_from_its_beginning_to_its_end() -> None:
    """One that did not come to begin is none, and one without an end lasts until the last line.

    Neither is one that found nobody to happen to.
    """
    found = troubles_of(
        [
            line("fault", "invoke", "freeze", 1.0),
            line("fault", "fail", "freeze", 2.0, reason="in the way of another"),
            line("fault", "ok", "freeze", 3.0, seat="matcher-0"),
            line("fault", "fail", "storm", 4.0, reason="in the way of another"),
            line("fault", "invoke", "stall", 4.0),
            line("fault", "fail", "stall", 4.1, reason="LookupError('executor')"),
            line("fault", "invoke", "roll", 5.0),
            line("owners", "info", "0", 9.0),
        ]
    )
    assert found == [Trouble("freeze", "matcher", 1.0, 3.0), Trouble("roll", None, 5.0, 9.0)]


def test_a_death_lasts_until_its_seat_is_heard_of() -> None:
    """Or to the end, if it never is."""
    found = troubles_of(
        [
            line("death", "ok", "executor-0", 1.0),
            line("death", "ok", "executor-1", 2.0),
            line("commit", "ok", "0", 5.0, process="executor-0"),
            line("owners", "info", "0", 9.0),
        ]
    )
    assert found == [
        Trouble("death", "executor", 1.0, 5.0),
        Trouble("death", "executor", 2.0, 9.0),
    ]


@pytest.mark.parametrize(
    ("trouble", "is_reason"),
    [
        (Trouble("freeze", "executor", 10.0, 20.0), True),
        (Trouble("freeze", "matcher", 10.0, 20.0), False),
        (Trouble("freeze", "executor", 31.0, 40.0), False),
        (Trouble("freeze", "executor", 10.0, 29.0 - REJOIN_S), False),
        (Trouble("death", "api", 10.0, 20.0), False),
        (Trouble("restart_kafka", None, 10.0, 12.0), True),
        (Trouble("restart_kafka", None, 5.0, 9.0), False),
        (Trouble("slow_everything", None, 10.0, 40.0), False),
    ],
)
def test_what_moves_partitions(trouble: Trouble, *, is_reason: bool) -> None:
    """A fault that stops or cuts off an executor does, until partitions have owners again."""
    assert moves_partitions(trouble, 29.9, 30.0) is is_reason


@pytest.mark.parametrize(
    ("trouble", "is_reason"),
    [
        (Trouble("freeze", "matcher", 10.0, 29.0), True),
        (Trouble("freeze", "matcher", 10.0, 27.0), False),
        (Trouble("freeze", "executor", 10.0, 29.0), False),
        (Trouble("make_zombie", "executor", 10.0, 29.0), False),
        (Trouble("swallow_postgres", None, 10.0, 29.0), True),
        (Trouble("hold_locks", None, 10.0, 29.0), False),
        (Trouble("death", "matcher", 10.0, 29.0), False),
    ],
)
def test_what_keeps_matchers_in_the_dark(trouble: Trouble, *, is_reason: bool) -> None:
    """One that stops or cuts off a matcher; who is started anew asks first of all."""
    assert keeps_in_the_dark(trouble, 28.0, 30.0) is is_reason
