"""The schedule of faults: the same for the same seed, and what must not meet does not."""

from itertools import combinations

from tests.chaos.nemesis import KINDS, PAUSE_S, schedule

SECONDS = 600.0


def test_a_seed_gives_one_schedule() -> None:
    """The same seed gives the same faults; another gives others."""
    assert schedule(1, SECONDS) == schedule(1, SECONDS)
    assert schedule(1, SECONDS) != schedule(2, SECONDS)


def test_faults_that_need_the_same_never_overlap() -> None:
    """Between two of them there is time to come back; and all are over in time."""
    planned = schedule(3, SECONDS)
    assert all(fault.at_s + fault.seconds <= SECONDS for fault in planned)
    for one, other in combinations(planned, 2):
        if KINDS[one.name].needs & KINDS[other.name].needs:
            assert other.at_s >= one.at_s + one.seconds + PAUSE_S


def test_every_fault_that_is_not_for_special_stages_comes_up() -> None:
    """In a long run each kind happens, except those that must be asked for."""
    names = {fault.name for seed in range(5) for fault in schedule(seed, SECONDS)}
    assert names == {name for name, kind in KINDS.items() if kind.weight}


def test_only_named_faults_happen() -> None:
    """Also one that is otherwise left out."""
    assert {fault.name for fault in schedule(4, SECONDS, ("move_clock",))} == {"move_clock"}
