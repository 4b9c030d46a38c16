"""What can be looked up of conditions that are made alike, worked out once for all of them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from shared.expr.terms import Term
from shared.matching.atoms import every
from shared.matching.extract import (
    Joint,
    Leaf,
    Operands,
    Part,
    ReaderOf,
    Taken,
    above,
    below,
    between,
    conjuncts_of,
    equal,
    one_of,
    part_of_filter,
    part_of_term,
    row_of,
)
from shared.matching.filters import Plan
from shared.matching.placing import PATHS_MAX, Stand
from shared.matching.readers import MANY, Reader, key_of


class Outline:
    """What can be looked up of all conditions that differ only in their operands."""

    __slots__ = ("_is_list", "_lead", "_parts", "_readers", "_rest")

    def __init__(self, filter_: Plan | None, term: Term | None, reader_of: ReaderOf) -> None:
        asked: list[Part] = []
        if filter_ is not None:
            asked += _parts(part_of_filter(filter_.root, reader_of))
        if term is not None:
            first = 0 if filter_ is None else filter_.operands
            asked += _parts(part_of_term(term, reader_of, first))
        parts = self._parts = _paired(asked)
        times = Counter(leaf.reader for part in parts for leaf in _leaves(part))
        once = [part for part in parts if isinstance(part, Leaf) and times[part.reader] == 1]
        lead = [leaf for leaf in once if leaf.asked is equal][:PATHS_MAX]
        lists = [leaf for leaf in once if leaf.asked is one_of]
        # Where there is more, only the operands tell what leaves the least open.
        self._is_list = not lead and len(lists) == 1 and once == parts
        if self._is_list:
            lead = lists
        lead.sort(key=lambda leaf: leaf.reader.order)
        self._lead = [leaf.taken for leaf in lead]
        self._readers = tuple([leaf.reader for leaf in lead])
        self._rest = [part for part in parts if part not in lead]

    def stands(self, operands: Operands) -> Sequence[Stand]:
        """What an event must be like for all to hold, in one of several ways.

        With nothing to ask where that cannot be looked up; none where it is never so.
        """
        if self._lead:
            if self._is_list:
                row = row_of(self._lead[0](operands))
            else:
                row = tuple([key_of(taken(operands)) for taken in self._lead])
                row = () if None in row or MANY in row else row
            if row:
                named = self._readers, row
                return [(named, left) for left in every(conjuncts_of(self._rest, operands))]
        return [(None, conjunct) for conjunct in every(conjuncts_of(self._parts, operands))]


def _parts(part: Part) -> Iterator[Part]:
    """Those that all have to hold."""
    if isinstance(part, Joint) and part.join is every:
        for one in part.parts:
            yield from _parts(one)
    else:
        yield part


def _paired(parts: Sequence[Part]) -> Sequence[Part]:
    """The same with both ends of a span in one, where each is asked once of a value."""
    ends: dict[Reader, list[Leaf]] = {}
    for part in parts:
        if isinstance(part, Leaf) and part.asked in (above, below):
            ends.setdefault(part.reader, []).append(part)
    paired = list(parts)
    for reader, leaves in ends.items():
        low, high = ([one for one in leaves if one.asked is asked] for asked in (above, below))
        if len(low) == len(high) == 1:
            paired = [part for part in paired if part not in leaves]
            paired.append(Leaf(between, reader, _pair(low[0].taken, high[0].taken)))
    return paired


def _pair(low: Taken, high: Taken) -> Taken:
    return lambda given: (low(given), high(given))


def _leaves(part: Part) -> Iterator[Leaf]:
    if isinstance(part, Leaf):
        yield part
    else:
        for one in part.parts:
            yield from _leaves(one)
