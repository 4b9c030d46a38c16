"""What was looked up a moment ago."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from shared.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Answers of ``look``, each kept for ``seconds``, at most ``most`` of them.

    What is not there is looked for each time: it may have come to be, and whoever guesses cannot
    push out what others asked for.
    """

    def __init__(
        self, look: Callable[[K], Awaitable[V | None]], clock: Clock, *, seconds: float, most: int
    ) -> None:
        self._look = look
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    async def get(self, key: K) -> V | None:
        """The answer; raises what ``look`` raises."""
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept[0]:
            return kept[1]
        self._kept.pop(key, None)
        until = self._clock.monotonic() + self._seconds
        found = await self._look(key)
        if found is not None:
            self._kept[key] = (until, found)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
