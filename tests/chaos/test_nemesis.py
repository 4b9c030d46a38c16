"""The schedule of faults: the same for the same seed, and what must not meet does not."""

from collections import defaultdict
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos import nemesis
from tests.chaos.history import History, read
from tests.chaos.nemesis import FIRST, KINDS, PAUSE_S, Planned, schedule, torment
from tests.chaos.stage import Stage

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
            assert other.at_s >= one.at_s + one.seconds + PAUSE_S - 1e-6


def test_every_fault_that_is_not_for_special_stages_comes_up() -> None:
    """In a long run each kind happens, except those that must be asked for."""
    names = {fault.name for seed in range(5) for fault in schedule(seed, SECONDS)}
    assert names == {name for name, kind in KINDS.items() if kind.weight}


def test_two_short_seeds_play_nearly_everything() -> None:
    """CI's two plan all that is not for special stages, but for what lasts as long as they do."""
    planned = {fault.name for seed in (1, 2) for fault in schedule(seed, 30)}
    expected = {name for name, kind in KINDS.items() if kind.weight}
    assert expected - planned == {"swallow_postgres_for_long"}


@pytest.mark.parametrize("seed", range(1, 21))
def test_each_run_begins_with_a_zombie(seed: int) -> None:
    """While events come in, however short the run is."""
    for seconds in (8, 30, 180):
        assert schedule(seed, seconds)[0].name == FIRST


def test_each_kind_has_its_turn_in_a_long_run() -> None:
    """Also those with the least weight."""
    for seed in range(1, 11):
        names = {fault.name for fault in schedule(seed, 180, also=("move_clock",))}
        assert names == {"move_clock", *(name for name, kind in KINDS.items() if kind.weight)}


def test_some_faults_last_longer_in_long_runs() -> None:
    """Brokers are away, snapshots old and clocks wrong for up to a minute; never in short runs."""
    also = ("move_clock", "move_postgres_clock")
    for seconds, are_longer in ((100.0, False), (180.0, True)):
        longest: defaultdict[str, float] = defaultdict(float)
        for seed in range(40):
            for fault in schedule(seed, seconds, also=also):
                longest[fault.name] = max(longest[fault.name], fault.seconds)
        longer = {name for name, lasts_s in longest.items() if lasts_s > KINDS[name].seconds[1]}
        expected = {"restart_kafka", "long_transaction", *also}
        assert longer == (expected if are_longer else set())
        assert all(longest[name] > 40 for name in longer)


def test_only_named_faults_happen() -> None:
    """Also one that is otherwise left out."""
    assert {fault.name for fault in schedule(4, SECONDS, ("move_clock",))} == {"move_clock"}


@pytest.mark.parametrize(("late_s", "done"), [(60.0, 2), (0.0, 1)])
async def test_a_fault_that_is_held_up_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_s: float, done: int
) -> None:
    """Until the one before it is over; it is left out when the run is over long before."""
    monkeypatch.setattr(nemesis, "LATE_S", late_s)
    history = History(tmp_path / "history.jsonl")
    stage: Any = SimpleNamespace(busy_file=tmp_path / "busy", history=history)
    name = "overwhelm_receiver"
    planned = [Planned(at_s=0.0, name=name, seconds=0.5, seed=n) for n in range(2)]
    assert await torment(cast(Stage, stage), planned, seconds=0.1) == {name: done}
    told = [line.outcome for line in read(history.path)]
    assert told == (["invoke", "ok"] * 2 if done == 2 else ["invoke", "fail", "ok"])
