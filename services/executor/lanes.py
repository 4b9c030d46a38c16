"""Computing on the event loop, so that no pass of it is held for long and nobody has them all.

What is quick is computed at once. When a pass has had its stretch of computing, whatever else there
is lines up in the lane of its environment; in each pass that follows, lanes are served one after
another for a stretch. An environment whose work has held the loop for long rests as long as it was
held, while others have executions here: of several such, one is served at a time, and together they
leave half of the time to the rest. When it has rested it is as any other, until it holds the loop
anew.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from shared.runtime.clock import Clock

T = TypeVar("T")

STRETCH_S: Final = 0.01
"""So much is computed in a pass of the loop; what is under way then comes on top."""

BRIEF_S: Final = 0.02
"""What takes no longer has held nobody up. More than a stretch, which may be of many steps."""

LOOK_S: Final = 0.05
"""So often those that rest see whether there is still somebody to rest for."""

Work = Callable[[float], T]
"""Something to be computed; it begins nothing more after the monotonic time that it is given."""

_Lane = deque[tuple[Work[Any], asyncio.Future[Any]]]


class Lanes:
    """One for all that an executor computes; environments are their ids as text.

    ``slow`` is told of an environment whose work has held the loop for longer than ``BRIEF_S``,
    and for how many seconds.
    """

    def __init__(self, clock: Clock, *, slow: Callable[[str, float], None]) -> None:
        self._clock = clock
        self._slow = slow
        self._quick_lanes: OrderedDict[str, _Lane] = OrderedDict()
        self._slow_lanes: OrderedDict[str, _Lane] = OrderedDict()
        self._are_slow: set[str] = set()
        self._are_others: Callable[[Collection[str]], bool] = lambda _: False
        self._rest_until_s = 0.0
        self._spent_s = 0.0
        self._is_open = True
        self._next: asyncio.Handle | None = None
        self._is_next_soon = False

    def rest_for(self, are_others: Callable[[Collection[str]], bool]) -> None:
        """Have environments rest while others than these have executions here."""
        self._are_others = are_others

    def is_free(self, environment: str) -> bool:
        """Whether something of an environment may be computed at once."""
        return self._is_open and environment not in self._are_slow

    @property
    def is_spent(self) -> bool:
        """Whether this pass has had its stretch and nobody waits: the next one is free again."""
        return not (self._is_open or self._quick_lanes or self._slow_lanes)

    def at_once(self, environment: str, work: Work[T]) -> T:
        """What ``work`` comes to, and raises what it raises; see ``is_free`` first."""
        began_s = self._clock.monotonic()
        if not self._is_next_soon:
            self._see_to_next()
        try:
            return work(began_s + STRETCH_S - self._spent_s)
        finally:
            self._count(environment, began_s)

    def line_up(
        self, environment: str, work: Work[T], *, is_ahead: bool = False
    ) -> asyncio.Future[T]:
        """What ``work`` will come to, in its turn; cancelled, it is not computed any more.

        ``is_ahead``: its turn is the next one of its environment.
        """
        self._see_to_next()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane = self._lane_of(environment)
        (lane.appendleft if is_ahead else lane.append)((work, future))
        return future

    async def take(self, environment: str, work: Work[T]) -> T:
        """What ``work`` comes to, at once or in its turn."""
        if self.is_free(environment):
            return self.at_once(environment, work)
        return await self.line_up(environment, work)

    def waiting(self) -> Mapping[str, int]:
        """How much of each environment has lined up; some of it may have been cancelled."""
        lanes = self._quick_lanes | self._slow_lanes
        return {environment: len(lane) for environment, lane in lanes.items()}

    def _see_to_next(self) -> None:
        """The next pass of the loop has a stretch of its own."""
        if not self._is_next_soon:
            if self._next is not None:
                self._next.cancel()
            self._next = asyncio.get_running_loop().call_soon(self._pass)
            self._is_next_soon = True

    def _pass(self) -> None:
        """A new pass: its stretch belongs first to those that wait."""
        self._is_next_soon, self._spent_s = False, 0.0
        self._next = None
        while self._spent_s < STRETCH_S and (lanes := self._first_lanes()):
            self._serve(lanes)
        self._is_open = self._spent_s < STRETCH_S
        if self._spent_s > 0:
            self._see_to_next()
        elif not self._slow_lanes and self._is_rested():
            self._are_slow.clear()
        else:  # a rest that has ended since the lanes were looked at has no time left
            rest_s = min(LOOK_S, self._rest_until_s - self._clock.monotonic())
            self._next = asyncio.get_running_loop().call_later(max(0.0, rest_s), self._pass)

    def _first_lanes(self) -> OrderedDict[str, _Lane]:
        return self._slow_lanes if self._slow_lanes and self._is_rested() else self._quick_lanes

    def _is_rested(self) -> bool:
        is_over = self._clock.monotonic() >= self._rest_until_s
        return is_over or not self._are_others(self._are_slow)

    def _serve(self, lanes: OrderedDict[str, _Lane]) -> None:
        """Compute for the first of these lanes until it is empty, or the stretch is over."""
        environment, lane = lanes.popitem(last=False)
        self._are_slow.discard(environment)  # it has rested; what is brief comes after the others
        while lane and self._spent_s < STRETCH_S:
            work, future = lane.popleft()
            if not future.done():
                self._compute(environment, work, future)
        if lane:
            self._lane_of(environment).extendleft(reversed(lane))

    def _compute(self, environment: str, work: Work[T], future: asyncio.Future[T]) -> None:
        began_s = self._clock.monotonic()
        try:
            future.set_result(work(began_s + STRETCH_S - self._spent_s))
        except Exception as error:  # noqa: BLE001 - its own task raises it
            future.set_exception(error)
        finally:
            self._count(environment, began_s)

    def _count(self, environment: str, began_s: float) -> None:
        now_s = self._clock.monotonic()
        took_s = now_s - began_s
        self._spent_s += took_s
        if self._spent_s >= STRETCH_S:
            self._is_open = False
        if took_s > BRIEF_S:
            # It has no lane now: either it is being served, or nobody waits.
            self._are_slow.add(environment)
            if self._are_others(self._are_slow):
                self._rest_until_s = now_s + took_s
            self._slow(environment, took_s)

    def _lane_of(self, environment: str) -> _Lane:
        """Its lane: a new one, behind all others, where it has none."""
        lanes = self._slow_lanes if environment in self._are_slow else self._quick_lanes
        return lanes.setdefault(environment, deque())
