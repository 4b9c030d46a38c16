"""How long a failed step waits."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.outcomes import ErrorKind, StepError
from shared.domain.retries import delay_s, retry_at
from shared.domain.steps import Retry

PASSING = StepError(kind=ErrorKind.HTTP, message="busy", retryable=True)

policies = st.builds(
    Retry,
    max_attempts=st.integers(1, 20),
    initial_interval_s=st.floats(0, 86_400),
    backoff=st.floats(1, 10),
    max_interval_s=st.floats(0, 86_400, exclude_min=True),
    jitter=st.floats(0, 1),
)
chances = st.floats(0, 1, exclude_max=True)


@given(policies, st.integers(1, 100_000), chances, st.none() | st.floats(0, allow_nan=False))
def test_a_wait_is_finite_and_within_the_longest_interval(
    policy: Retry, attempt: int, chance: float, asked_s: float | None
) -> None:
    """Whatever the attempt, the chance and the receiver's wish."""
    error = StepError(kind=ErrorKind.HTTP, message="", retryable=True, retry_after_s=asked_s)
    wait_s = delay_s(policy, attempt=attempt, error=error, chance=chance)
    assert 0 <= wait_s <= math.nextafter(policy.max_interval_s, math.inf)


@given(policies, st.integers(1, 50), chances, st.floats(0, 1e9))
def test_a_receivers_wish_is_the_least(
    policy: Retry, attempt: int, chance: float, asked_s: float
) -> None:
    """``Retry-After`` lengthens a wait up to the longest interval and shortens none."""
    wish = StepError(kind=ErrorKind.HTTP, message="", retryable=True, retry_after_s=asked_s)
    plain = delay_s(policy, attempt=attempt, error=PASSING, chance=chance)
    wait_s = delay_s(policy, attempt=attempt, error=wish, chance=chance)
    assert wait_s >= max(plain, min(asked_s, policy.max_interval_s))


@given(policies, st.integers(1, 50), chances, st.floats(0, 1e9))
def test_those_who_were_told_the_same_come_apart(
    policy: Retry, attempt: int, chance: float, asked_s: float
) -> None:
    """What is drawn comes on top of what was asked for, within the longest interval."""
    wish = StepError(kind=ErrorKind.HTTP, message="", retryable=True, retry_after_s=asked_s)
    least_s = delay_s(policy, attempt=attempt, error=wish, chance=0)
    wait_s = delay_s(policy, attempt=attempt, error=wish, chance=chance)
    drawn_s = chance * policy.jitter * delay_s(policy, attempt=attempt, error=PASSING, chance=1)
    assert wait_s == pytest.approx(min(least_s + drawn_s, policy.max_interval_s))


@given(policies, st.integers(1, 50), chances)
def test_chance_takes_only_its_share(policy: Retry, attempt: int, chance: float) -> None:
    """The wait lies between the share without chance and the whole."""
    full = min(policy.initial_interval_s * policy.backoff ** (attempt - 1), policy.max_interval_s)
    wait_s = delay_s(policy, attempt=attempt, error=PASSING, chance=chance)
    assert full * (1 - policy.jitter) * (1 - 1e-9) <= wait_s <= full * (1 + 1e-9)


def test_waits_double_up_to_the_longest() -> None:
    """The formula of the documentation, without chance."""
    policy = Retry(max_attempts=6, initial_interval_s=1, backoff=2, max_interval_s=10, jitter=0)
    waits = [delay_s(policy, attempt=n, error=PASSING, chance=0.9) for n in range(1, 6)]
    assert waits == [1, 2, 4, 8, 10]


NOW = datetime(2026, 11, 22, tzinfo=UTC)
FINAL = StepError(kind=ErrorKind.HTTP, message="no")
LATER = StepError(kind=ErrorKind.HTTP, message="busy", retryable=True, retry_after_s=9)


@pytest.mark.parametrize(
    ("attempt", "error", "total_s", "non_retryable", "after_s"),
    [
        (1, PASSING, None, (), 1),
        (2, PASSING, None, (), 2),
        (3, PASSING, None, (), None),
        (4, PASSING, None, (), None),
        (1, FINAL, None, (), None),
        (1, LATER, None, (), 9),
        (1, PASSING, None, (ErrorKind.HTTP,), None),
        (1, PASSING, None, (ErrorKind.REMOTE,), 1),
        (1, PASSING, 31.0, (), 1),
        (1, PASSING, 30.5, (), None),
        (1, LATER, 31.0, (), None),
    ],
)
def test_a_failed_attempt_is_tried_again_within_its_bounds(
    attempt: int,
    error: StepError,
    total_s: float | None,
    non_retryable: tuple[ErrorKind, ...],
    after_s: int | None,
) -> None:
    """Three attempts, kinds of errors, and the time since the first began, thirty seconds ago."""
    policy = Retry(max_attempts=3, jitter=0, total_s=total_s, non_retryable=non_retryable)
    since = NOW - timedelta(seconds=30)
    at = retry_at(policy, attempt=attempt, error=error, since=since, now=NOW, chance=0.5)
    assert at == (None if after_s is None else NOW + timedelta(seconds=after_s))
