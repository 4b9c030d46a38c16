"""What an environment may take of a matcher's time, and when a workflow is set aside."""

from uuid import UUID

import pytest

from services.matcher.breather import AT_A_STRETCH_S
from services.matcher.spending import Spending
from services.matcher.strikes import Strikes
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId, EventKey
from shared.runtime.budgets import AT_ONCE_S, SHARE, Budgets
from tests.support.stopwatch import Stopwatch

OTHER = EnvironmentId(UUID(int=7))


def key(number: int) -> EventKey:
    """An event's key."""
    return EventKey(UUID(int=number))


def test_an_environment_that_has_taken_its_time_waits_until_it_has_some_again() -> None:
    """A tenth of the time comes back, up to what may be taken at once; another's is its own."""
    clock = Stopwatch()
    budgets = Budgets(clock, free_s=AT_A_STRETCH_S)
    assert budgets.left_s(DEFAULT_ENVIRONMENT) == AT_ONCE_S
    budgets.spend(DEFAULT_ENVIRONMENT, 1.0)
    assert budgets.left_s(DEFAULT_ENVIRONMENT) < 0
    assert budgets.wait_s(DEFAULT_ENVIRONMENT) == pytest.approx((1.0 - AT_ONCE_S) / SHARE)
    assert budgets.left_s(OTHER) == AT_ONCE_S
    clock.at_s += (1.0 - AT_ONCE_S) / SHARE + 1
    assert 0 < budgets.left_s(DEFAULT_ENVIRONMENT) < AT_ONCE_S
    assert budgets.wait_s(DEFAULT_ENVIRONMENT) == 0
    clock.at_s += 1_000
    assert budgets.left_s(DEFAULT_ENVIRONMENT) == AT_ONCE_S


def test_quick_events_take_nothing() -> None:
    """However many there are of them."""
    budgets = Budgets(Stopwatch(), free_s=AT_A_STRETCH_S)
    for _ in range(1_000):
        budgets.spend(DEFAULT_ENVIRONMENT, AT_A_STRETCH_S)
    assert budgets.left_s(DEFAULT_ENVIRONMENT) == AT_ONCE_S


def test_many_small_things_done_with_one_event_are_one_large_thing() -> None:
    """What an event takes in all counts once it is more than a stretch; another's is its own."""
    spending = Spending(AT_ONCE_S)
    for number in range(1_000):
        spending.add(key(number), AT_A_STRETCH_S)
    assert spending.may_go_on()
    assert spending.spent_s == 0
    spending.add(key(0), 0.001)
    assert spending.spent_s == pytest.approx(AT_A_STRETCH_S + 0.001)
    spending.add(key(0), AT_ONCE_S)
    assert not spending.may_go_on()
    assert spending.is_cut


def test_what_has_no_time_left_is_cut_at_once() -> None:
    """Only where somebody asks for more: whoever was through in time is through."""
    spending = Spending(0.0)
    assert not spending.is_cut
    assert not spending.may_go_on()
    assert spending.is_cut


def test_so_many_times_within_so_long_are_too_many() -> None:
    """Each is counted by itself, and anew once it was too much."""
    strikes = Strikes[str](times=3, within_s=10)
    assert [strikes.add("a", key(at), at) for at in (0, 1, 2)] == [False, False, True]
    assert not strikes.add("a", key(3), 3)
    assert not strikes.add("b", key(3), 3)
    assert [strikes.add("c", key(at), at) for at in (0, 6, 12, 14)] == [False] * 3 + [True]


def test_one_event_is_no_reason_however_often_it_is_tried() -> None:
    """A thousand waits that one event is too much for are one time."""
    strikes = Strikes[str](times=2, within_s=10)
    assert not any(strikes.add("a", key(1), 0) for _ in range(1_000))
    assert strikes.add("a", key(2), 1)
