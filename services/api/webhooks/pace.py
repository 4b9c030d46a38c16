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
        self._turn = asyncio.Lock()

    async def evaluate(self, environment_id: EnvironmentId, work: Callable[[], T]) -> T:
        """What ``work`` comes to, once the environment has time for it.

        Raises Unavailable when that would be too long.
        """
        until_s = self._clock.monotonic() + WAIT_S_MAX
        while True:
            await self._wait(environment_id, until_s)
            async with self._turn:
                if self._budgets.wait_s(environment_id) <= 0:  # others of it were first
                    return await self._done(environment_id, work)

    async def _wait(self, environment_id: EnvironmentId, until_s: float) -> None:
        clock, budgets = self._clock, self._budgets
        while (wait_s := budgets.wait_s(environment_id)) > 0:
            if clock.monotonic() + wait_s > until_s:
                raise Unavailable("The expressions of this environment's webhooks take too long.")
            await clock.sleep(max(wait_s, _TICK_S))

    async def _done(self, environment_id: EnvironmentId, work: Callable[[], T]) -> T:
        began_s = self._clock.monotonic()
        try:
            return work()
        finally:
            took_s = self._clock.monotonic() - began_s
            self._budgets.spend(environment_id, took_s)
            if took_s > FREE_S:
                # Of several in a row, none may keep the others waiting, nor what is timed.
                await self._clock.sleep(_TICK_S)
