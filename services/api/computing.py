"""What environments ask to be computed, beside the event loop: in turn, a stretch at a time.

The engine of expressions holds the interpreter while it evaluates: threads that compute at once are
no faster than one, and the event loop would wait for each of them. So one computes at a time, the
environments take turns, and what has held the interpreter leaves as much time to everything else.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from services.api.http.problems import TOO_MUCH_TO_COMPUTE, NotNow
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId

T = TypeVar("T")

Work: TypeAlias = Generator[None, None, T]
"""Something that takes a while: it yields where others may have their turn."""

STRETCH_S: Final = 0.1
"""The part that is under way then is the last one of a stretch."""

BRIEF_S: Final = 0.01
"""A part that takes no longer has kept nobody waiting."""

WAITING_MAX: Final = 16
"""Of one environment, in a process."""

WAIT_S_MAX: Final = 10.0
"""For a turn."""

_RETRY_AFTER_S: Final = 5


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    value: T


class Computing:
    """Has one stretch of work computed at a time."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._waiting: OrderedDict[EnvironmentId, deque[asyncio.Future[None]]] = OrderedDict()
        self._is_taken = False
        self._held_s = 0.0

    async def run(self, environment_id: EnvironmentId, work: Work[T]) -> T:
        """What ``work`` returns. Raises what it raises, and NotNow where too much is waiting.

        What nobody waits for any more ends with the stretch that it is in.
        """
        while True:
            await self._turn(environment_id)
            loop = asyncio.get_running_loop()
            stretch = loop.run_in_executor(None, self._stretch, work)
            # The thread goes on, whoever leaves: the turn ends when it does.
            stretch.add_done_callback(self._rest)
            ended = await asyncio.shield(stretch)
            if ended is not None:
                return ended.value

    async def call(self, environment_id: EnvironmentId, work: Callable[[], T]) -> T:
        """As ``run``, for what is brief, or has no parts."""

        def whole() -> Work[T]:
            yield
            return work()

        return await self.run(environment_id, whole())

    async def _turn(self, environment_id: EnvironmentId) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        waiting = self._waiting.setdefault(environment_id, deque())
        if len(waiting) >= WAITING_MAX:
            raise _not_now()
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                await turn
        except (TimeoutError, asyncio.CancelledError) as gone:
            if turn in waiting:
                waiting.remove(turn)
            else:  # it has come just now
                self._pass_on()
            if isinstance(gone, TimeoutError):
                raise _not_now() from None
            raise

    def _rest(self, stretch: asyncio.Future[_Ended[T] | None]) -> None:
        stretch.get_loop().call_later(self._held_s, self._pass_on)

    def _pass_on(self) -> None:
        """Give the turn to who has waited for longest of the environment whose turn it is."""
        while self._waiting:
            environment_id, waiting = self._waiting.popitem(last=False)
            turn = next((each for each in waiting if not each.done()), None)
            if turn is not None:
                waiting.remove(turn)
                self._waiting[environment_id] = waiting
                turn.set_result(None)
                return
        self._is_taken = False

    def _stretch(self, work: Work[T]) -> _Ended[T] | None:
        began_s, self._held_s = self._monotonic(), 0.0
        ended = None
        while ended is None and self._monotonic() - began_s < STRETCH_S:
            ended = self._part(work)
        return ended

    def _part(self, work: Work[T]) -> _Ended[T] | None:
        began_s = self._monotonic()
        try:
            next(work)
        except StopIteration as end:
            return _Ended(end.value)
        finally:
            took_s = self._monotonic() - began_s
            self._held_s += took_s if took_s > BRIEF_S else 0.0
        return None


def _not_now() -> NotNow:
    detail = "Too much of this environment's is being computed; wait as long as Retry-After says."
    problem = Problem(pointer="", code=TOO_MUCH_TO_COMPUTE, detail=detail)
    return NotNow(problem, {"Retry-After": str(_RETRY_AFTER_S)})
