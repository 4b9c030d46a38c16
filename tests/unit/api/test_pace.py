"""What the expressions that an environment's webhooks ask for may take of a process's time."""

import asyncio
import time
from functools import partial
from itertools import pairwise
from uuid import UUID

import pytest

from services.api.webhooks.pace import FREE_S, WAIT_S_MAX, Pace
from shared.domain.errors import Unavailable
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.expr.errors import ExpressionError
from shared.runtime.budgets import AT_ONCE_S, SHARE
from shared.runtime.clock import SystemClock
from tests.support.stopwatch import Stopwatch

OTHER = EnvironmentId(UUID(int=7))
SLOW_S = 0.1


async def test_a_slow_environment_gets_a_tenth_of_the_time() -> None:
    """After what it may take at once; another's is its own, and nothing waits for what is quick."""
    clock = Stopwatch(100.0)
    pace = Pace(clock)
    for environment_id, seconds in ((DEFAULT_ENVIRONMENT, SLOW_S), (OTHER, FREE_S)):
        began_s, times = clock.at_s, 100
        for _ in range(times):
            await pace.evaluate(environment_id, partial(clock.work, seconds))
        taken_s = clock.at_s - began_s
        if environment_id == OTHER:
            assert taken_s == pytest.approx(times * FREE_S)
        else:
            assert taken_s == pytest.approx((times * SLOW_S - AT_ONCE_S) / SHARE, rel=0.02)


async def test_whoever_would_wait_too_long_is_told_at_once() -> None:
    """Until the environment has time again; what failed has taken its time like anything else."""
    clock = Stopwatch(100.0)
    pace = Pace(clock)

    def fail() -> None:
        clock.work(WAIT_S_MAX)
        raise ExpressionError("D1012", "It takes too long.")

    with pytest.raises(ExpressionError):
        await pace.evaluate(DEFAULT_ENVIRONMENT, fail)
    before_s = clock.at_s
    with pytest.raises(Unavailable):
        await pace.evaluate(DEFAULT_ENVIRONMENT, lambda: 1)
    assert clock.at_s == before_s
    assert await pace.evaluate(OTHER, lambda: 2) == 2
    clock.at_s += WAIT_S_MAX / SHARE
    assert await pace.evaluate(DEFAULT_ENVIRONMENT, lambda: 3) == 3


async def test_between_two_that_are_slow_others_have_a_turn() -> None:
    """Also whoever sleeps for a time, and when several are asked for at once, by whomever."""
    pace, seen = Pace(SystemClock()), list[str]()

    def work() -> None:
        time.sleep(2 * FREE_S)
        seen.append("work")

    async def look() -> None:
        while True:
            await asyncio.sleep(0.0001)
            seen.append("look")

    looking = asyncio.create_task(look())
    environments = [EnvironmentId(UUID(int=n)) for n in (1, 2, 2, 3)]
    await asyncio.gather(*(pace.evaluate(id_, work) for id_ in environments))
    looking.cancel()
    assert seen.count("work") == len(environments)
    assert ("work", "work") not in pairwise(seen)
