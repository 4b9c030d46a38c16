"""What exceeds the bounds of conditions again and again."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from shared.domain.ids import EventKey

KNOWN_MAX: Final = 10_000
"""Of so many it is known how often; the least recent is forgotten first."""

Who = TypeVar("Who", bound=Hashable)


class Strikes(Generic[Who]):
    """By which events somebody's conditions exceeded their bounds lately, as one matcher saw it."""

    def __init__(self, *, times: int, within_s: float) -> None:
        self._times = times
        self._within_s = within_s
        self._seen = OrderedDict[Who, deque[tuple[float, EventKey]]]()

    def add(self, who: Who, event: EventKey, now_s: float) -> bool:
        """Whether this was once too often; the count then begins anew. An event counts once."""
        seen = self._seen.setdefault(who, deque(maxlen=self._times))
        self._seen.move_to_end(who)
        if len(self._seen) > KNOWN_MAX:
            self._seen.popitem(last=False)
        if any(event == earlier for _, earlier in seen):
            return False
        seen.append((now_s, event))
        is_too_often = len(seen) == self._times and now_s - seen[0][0] <= self._within_s
        if is_too_often:
            del self._seen[who]
        return is_too_often
