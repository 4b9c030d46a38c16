"""How much of a process's time an environment's expressions may take that webhooks ask for."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from shared.domain.errors import Unavailable
from shared.domain.ids import EnvironmentId
from shared.runtime.budgets import Budgets
from shared.runtime.clock import Clock

FREE_S: Final = 0.01
"""What takes no longer than this counts as nothing."""

WAIT_S_MAX: Final = 5.0
"""A delivery waits no longer for its turn; its sender tries again."""

_TICK_S: Final = 0.001

T = TypeVar("T")


class Pace:
    """Evaluates in turn: a thread of its own would free nobody, as the engine holds them all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._budgets = Budgets(clock, free_s=FREE_S)

    async def evaluate(self, environment_id: EnvironmentId, work: Callable[[], T]) -> T:
        """What ``work`` comes to, once the environment has time for it.

        Raises Unavailable when that would be too long.
        """
        clock, budgets = self._clock, self._budgets
        await asyncio.sleep(0)  # of several in a row, none may keep the others waiting
        until_s = clock.monotonic() + WAIT_S_MAX
        while (wait_s := budgets.wait_s(environment_id)) > 0:
            if clock.monotonic() + wait_s > until_s:
                raise Unavailable("The expressions of this environment's webhooks take too long.")
            await clock.sleep(max(wait_s, _TICK_S))
        began_s = clock.monotonic()
        try:
            return work()
        finally:
            budgets.spend(environment_id, clock.monotonic() - began_s)
