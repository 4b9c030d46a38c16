"""Finding, among many rules, those that an event may satisfy.

Each conjunct of a rule (``atoms.py``) stands in one place. Where it names values, that is a table
by the values of the paths that it names one of: its *shape*, of which rules that were made alike
have the same. Else it is looked up by one of several values, by the beginning or end of a text, by
a span, by an item of a list, or by being there at all. A place with some rules asks what is left of
their conjuncts, and one with many is an index of its own, by that.
"""

from typing import Final, Generic, TypeVar

from shared.matching.atoms import Conjunct
from shared.matching.places import Entry, Places, places_of
from shared.matching.placing import Named, Spot, span_of, spots_of
from shared.matching.readers import Reader, Reading, ordinal_of
from shared.matching.spans import Spans

T = TypeVar("T")

DEPTH_MAX: Final = 4
TABLES_MAX: Final = 256
"""Each table costs every event a look: after so many, a conjunct stands by one of its paths."""


class Index(Generic[T]):
    """Things by conjuncts; ``find`` gives all that may hold, and maybe some that do not."""

    __slots__ = ("_depth", "_rest", "_spans", "_tables")

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._tables: dict[Spot, Places[T]] = {}
        self._spans: dict[tuple[Reader, bool], Spans[Entry[T]]] = {}
        self._rest: dict[T, None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self._tables or self._spans or self._rest)

    def add(self, thing: T, conjunct: Conjunct, named: Named | None = None) -> None:
        """Take a thing in; it may be there under several conjuncts.

        ``named`` is more that is asked (``placing.Stand``).
        """
        for spot, keys, left in spots_of(conjunct, named):
            table = self._table(spot)
            if table is not None:
                table.put(keys, (left, thing), self._nested)
                return
        span, left = span_of(conjunct)
        if span is None:
            self._rest[thing] = None
        else:
            place = (span.reader, span.is_text)
            spans = self._spans.get(place)
            if spans is None:
                spans = self._spans[place] = Spans()
            spans.add(span.low, span.high, (left, thing))

    def remove(self, thing: T, conjunct: Conjunct, named: Named | None = None) -> bool:
        """Take a thing away that was added so; whether it was there."""
        for spot, keys, left in spots_of(conjunct, named):
            table = self._tables.get(spot)
            taken = [] if table is None else [table.take(key, (left, thing)) for key in keys]
            if any(taken):
                if not table:
                    del self._tables[spot]
                return True
        span, left = span_of(conjunct)
        if span is None:
            return thing in self._rest and self._rest.pop(thing) is None
        place = (span.reader, span.is_text)
        spans = self._spans.get(place)
        if spans is None or not spans.remove(span.low, span.high, (left, thing)):
            return False
        if not spans:
            del self._spans[place]
        return True

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        """Add to ``found`` whatever may hold of the event."""
        for table in self._tables.values():
            table.find(reading, found)
        for (reader, is_text), spans in self._spans.items():
            ordinal = ordinal_of(reading[reader])
            if ordinal is not None and ordinal[0] is is_text:
                for left, thing in spans.at(ordinal[1]):
                    if all(atom.may_hold(reading) for atom in left):
                        found[thing] = None
        if self._rest:
            found |= self._rest

    def _table(self, spot: Spot) -> Places[T] | None:
        """The table of a spot; None where there would be too many of several paths."""
        table = self._tables.get(spot)
        if table is None and (len(spot[1]) == 1 or len(self._tables) < TABLES_MAX):
            table = self._tables[spot] = places_of(spot)
        return table

    def _nested(self) -> "Index[T] | None":
        return Index(self._depth + 1) if self._depth < DEPTH_MAX else None
