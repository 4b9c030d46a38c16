"""How often somebody may do something: so many times in a span of time, spread over it at will.

Each process counts by itself: what N replicas let through is N times as much.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from services.api.http.problems import TOO_MANY_REQUESTS, NotNow
from shared.domain.errors import Problem
from shared.domain.ids import EnvironmentId
from shared.runtime.clock import Clock
from shared.runtime.environment_names import EnvironmentCounter

_KNOWN_MAX: Final = 10_000
_ROUNDED: Final = 1e-6
"""By so much, or less, sums of fractions miss the number that they should come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many times are left now, in how long all of them are, and in how long one is."""

    times: int
    full_in_s: float
    wait_s: float


class Rates:
    """How many times each of many has left, by the generic cell rate algorithm.

    Everyone has ``quota`` times in ``window_s`` seconds: all at once, after a pause of that length.
    When there are more of them than can be known, who was quiet for longest begins anew.
    ``refused`` counts refusals by ``name``.
    """

    def __init__(
        self, name: str, clock: Clock, *, quota: int, window_s: float, refused: EnvironmentCounter
    ) -> None:
        self._name = name
        self._clock = clock
        self._quota = quota
        self._window_s = window_s
        self._spacing_s = window_s / quota
        self._refused = refused
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def look(self, who: str) -> Left:
        """What somebody has left."""
        full_at = self._full_at.get(who)
        return self._left(0.0 if full_at is None else max(0.0, full_at - self._clock.monotonic()))

    def take(self, who: str) -> Left:
        """Take one of somebody's times, if there is one, and say what is left then.

        Nothing was taken when ``wait_s`` was above 0 before.
        """
        left = self.look(who)
        if left.wait_s > 0:
            return left
        full_in_s = left.full_in_s + self._spacing_s
        self._full_at[who] = self._clock.monotonic() + full_in_s
        self._full_at.move_to_end(who)
        if len(self._full_at) > _KNOWN_MAX:
            self._full_at.popitem(last=False)
        return self._left(full_in_s)

    def headers(self, left: Left) -> dict[str, str]:
        """What an answer says of it (draft-ietf-httpapi-ratelimit-headers-10)."""
        return {
            "RateLimit-Policy": f'"{self._name}";q={self._quota};w={_whole(self._window_s)}',
            "RateLimit": f'"{self._name}";r={left.times};t={_whole(left.full_in_s)}',
        }

    def check(self, who: str, detail: str, environment_id: EnvironmentId | None = None) -> None:
        """Raises NotNow, with ``detail``, when somebody, of an environment, has nothing left."""
        left = self.look(who)
        if left.wait_s > 0:
            self._refused.add(environment_id, self._name)
            problem = Problem(pointer="", code=TOO_MANY_REQUESTS, detail=detail)
            headers = {"Retry-After": str(max(1, _whole(left.wait_s))), **self.headers(left)}
            raise NotNow(problem, headers)

    def _left(self, full_in_s: float) -> Left:
        room_s = self._window_s - full_in_s
        times = math.floor(room_s / self._spacing_s + _ROUNDED)
        wait_s = 0.0 if times > 0 else self._spacing_s - room_s
        return Left(times=times, full_in_s=full_in_s, wait_s=wait_s)


def _whole(seconds: float) -> int:
    return math.ceil(seconds - _ROUNDED)
