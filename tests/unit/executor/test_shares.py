"""How much of an executor's memory an environment may take."""

import pytest

from services.executor.settings import ConcurrencySettings
from services.executor.shares import Shares


def filled(shares: Shares, environment: str) -> int:
    """Enter as many as there is room for; gives how many."""
    count = 0
    while shares.room_of(environment) > 0:
        shares.enter(environment)
        count += 1
    return count


@pytest.mark.parametrize("greedy", [1, 2, 3, 10])
def test_the_greedy_take_even_shares_and_leave_some(greedy: int) -> None:
    """As executions leave, their shares come about even; whoever comes last finds room at once."""
    shares = Shares(2_000, ConcurrencySettings())
    shares.enter("somebody")
    shares.leave(["somebody"])
    active = dict.fromkeys(map(str, range(greedy)), 0)
    for _ in range(3_000):
        for name in active:
            if active[name]:
                shares.leave([name])
                active[name] -= 1
        for name in active:
            active[name] += filled(shares, name)
    share = 8 * 2_000 / (8 * greedy + 1)
    assert all(0.75 < count / share < 1.25 for count in active.values())
    assert shares.room > 0
    assert filled(shares, "late") > 0


def test_one_alone_has_everything_until_another_is_seen() -> None:
    """What it has then beyond its share it keeps, and gets no more."""
    shares = Shares(100, ConcurrencySettings())
    assert filled(shares, "a") == 100
    shares.leave(["a"])
    shares.enter("b")
    shares.leave(["b", *["a"] * 5])
    assert shares.room_of("a") < 0
    assert filled(shares, "b") == 6
    assert shares.total == 100


def test_a_number_counts_in_place_of_the_share() -> None:
    """Whether it is more or less than that."""
    shares = Shares(10, ConcurrencySettings(executions_max=10))
    shares.enter("somebody")
    shares.leave(["somebody"])
    assert filled(shares, "a") == 10
    few = Shares(10, ConcurrencySettings(executions_max=2))
    assert filled(few, "a") == 2
