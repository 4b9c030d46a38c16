"""How much of a process's time an environment may take."""

from typing import Final, NamedTuple

from shared.domain.ids import EnvironmentId
from shared.runtime.clock import Clock

AT_ONCE_S: Final = 0.25
SHARE: Final = 0.1
"""An environment may take so much at once, and a tenth of the time in the long run."""


class _Spent(NamedTuple):
    left_s: float
    at_s: float


class Budgets:
    """What each environment has left; what takes no more than ``free_s`` takes nothing of it.

    However much there is of what is quick: it is no reason to wait.
    """

    def __init__(self, clock: Clock, *, free_s: float) -> None:
        self._clock = clock
        self._free_s = free_s
        self._spent: dict[EnvironmentId, _Spent] = {}

    def left_s(self, environment_id: EnvironmentId) -> float:
        """So long what it asks for next may take; not above 0: it waits."""
        spent = self._spent.get(environment_id)
        if spent is None:
            return AT_ONCE_S
        left_s = spent.left_s + (self._clock.monotonic() - spent.at_s) * SHARE
        if left_s < AT_ONCE_S:
            return left_s
        del self._spent[environment_id]
        return AT_ONCE_S

    def wait_s(self, environment_id: EnvironmentId) -> float:
        """Until it has some left again."""
        return max(0.0, -self.left_s(environment_id) / SHARE)

    def spend(self, environment_id: EnvironmentId, seconds: float) -> None:
        """Count what one thing took."""
        if seconds > self._free_s:
            left_s = self.left_s(environment_id) - seconds
            self._spent[environment_id] = _Spent(left_s, self._clock.monotonic())
