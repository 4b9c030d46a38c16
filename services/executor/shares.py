"""Room in an executor's memory, and how much of it an environment may take.

Executions that wait take none. Those of an environment that has what it may are held: durable, in
no memory but by their ids, they go on in the order of their partition as others of it leave.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from services.executor.settings import ConcurrencySettings

TIMES_FREE: Final = 8
"""An environment whose number is not set has at most so many times what is left free.

So one alone in asking takes eight ninths, two take eight seventeenths each, and something is left
for whoever comes: the dynamic thresholds of Choudhury and Hahne (IEEE/ACM Transactions on
Networking 6, 1998). An executor that has seen a single environment gives it all.
"""

HELD_MAX: Final = 100_000
"""So many executions are held before everybody waits for room."""


class Shares:
    """Counts the executions in memory, by the ids of their environments as text.

    A text keeps its hash, and a UUID works its own out in Python each time.
    """

    def __init__(self, active_max: int, concurrency: ConcurrencySettings) -> None:
        self._active_max = active_max
        self._default = concurrency.executions_max
        self._named: Mapping[str, int | None] = {
            str(id_): given.executions_max for id_, given in concurrency.environments.items()
        }
        self._active: dict[str, int] = {}
        self._total = 0
        self._first: str | None = None
        self._are_several = False

    @property
    def total(self) -> int:
        """Executions in memory, or about to be."""
        return self._total

    @property
    def room(self) -> int:
        """For how many more there is room."""
        return self._active_max - self._total

    def room_of(self, environment: str) -> int:
        """How many more an environment may have by its number or share; may be below 0."""
        active, most = self._active.get(environment, 0), self._named.get(environment, self._default)
        if most is None and self._are_several:
            # One more must still be within so many times of what is then left.
            return (TIMES_FREE * self.room - active + TIMES_FREE) // (TIMES_FREE + 1)
        return (self._active_max if most is None else most) - active

    def are_beside(self, environments: Collection[str]) -> bool:
        """Whether others than these have any."""
        return any(environment not in environments for environment in self._active)

    def enter(self, environment: str) -> None:
        """Count one that comes into memory."""
        if environment != self._first:
            self._are_several = self._first is not None
            self._first = self._first or environment
        self._active[environment] = self._active.get(environment, 0) + 1
        self._total += 1

    def leave(self, environments: Iterable[str]) -> None:
        """Count those no more that have left it, or did not come."""
        for environment in environments:
            left = self._active[environment] - 1
            if left:
                self._active[environment] = left
            else:
                del self._active[environment]
            self._total -= 1
