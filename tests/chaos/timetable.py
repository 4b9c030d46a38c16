"""When faults have room: two that need the same thing whole never meet."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple


class Span(NamedTuple):
    """Seconds of a run that a fault takes up, what it needs whole, and when it is to be over."""

    begin_s: float
    over_s: float
    until_s: float
    needs: frozenset[str]


class Timetable:
    """The room in a run of ``seconds``; after each fault what it needed rests for ``pause_s``."""

    def __init__(self, seconds: float, pause_s: float) -> None:
        self._seconds = seconds
        self._pause_s = pause_s
        self._taken: defaultdict[str, list[Span]] = defaultdict(list)

    def span(self, begin_s: float, lasts_s: float, more_s: float, needs: frozenset[str]) -> Span:
        """What a fault would take up that lasts so long, and ``more_s`` beside it."""
        over_s = begin_s + lasts_s
        return Span(begin_s, over_s, over_s + more_s + self._pause_s, needs)

    def fits(self, span: Span) -> bool:
        """Whether there is room for it."""
        return span.over_s <= self._seconds and all(
            span.until_s <= other.begin_s or other.until_s <= span.begin_s
            for other in self._others(span.needs)
        )

    def place(self, span: Span) -> Span | None:
        """The same where there is room first from its beginning on, else before; None: nowhere."""
        begins = sorted({span.begin_s, *(other.until_s for other in self._others(span.needs))})
        places = [_moved(span, begin_s) for begin_s in begins]
        fitting = [place for place in places if self.fits(place)]
        return min(fitting, key=lambda place: place.begin_s < span.begin_s, default=None)

    def take(self, span: Span) -> None:
        """Take it up."""
        for need in span.needs:
            self._taken[need].append(span)

    def _others(self, needs: Collection[str]) -> list[Span]:
        return [span for need in needs for span in self._taken[need]]


def _moved(span: Span, begin_s: float) -> Span:
    by_s = begin_s - span.begin_s
    return Span(begin_s, span.over_s + by_s, span.until_s + by_s, span.needs)
