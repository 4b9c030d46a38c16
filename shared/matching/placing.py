"""Where in an index a conjunct stands."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter
from typing import Final, TypeAlias

from shared.matching.atoms import Atom, Conjunct, Keys, Member, Prefix, Present, Span, Suffix
from shared.matching.readers import HIGHEST, LOWEST, Key, Reader

PATHS_MAX: Final = 4
"""Of how many paths a table is at most: an event is read for all, where a rule may need the first.
"""
LENGTH_MAX: Final = 256
"""Of longer texts only so many characters are looked up: each length costs every event a look."""

_SHARED_MAX: Final = 4_096
_ORDER: Final = attrgetter("reader.order")

Shape: TypeAlias = tuple[Reader, ...]


Named: TypeAlias = tuple[Shape, tuple[Key, ...]]
"""The keys, one each, of the values at several paths; of a single path, all that it may have. None
is that of what is absent.
"""

Stand: TypeAlias = tuple[Named | None, Conjunct]
"""A conjunct of which the part that names values, if any, is apart."""


class Kind(IntEnum):
    """By what there are tables."""

    VALUES = 0
    BEGINNING = 1
    END = 2
    ITEM = 3
    PRESENCE = 4
    NUMBER_SPAN = 5
    TEXT_SPAN = 6

    __hash__ = int.__hash__  # that of an enum's member is Python's own work at each look


Spot: TypeAlias = tuple[Kind, Shape, int, bool]
"""Which table: by what of which paths, and of how many characters; and whether an event is found in
it that has nothing at the first of them.
"""


def spots_of(
    conjunct: Conjunct, named: Named | None = None
) -> Iterator[tuple[Spot, Sequence[Key], Conjunct]]:
    """In which table a conjunct may stand, the best first: at which keys, and what is left to ask.

    None for one that says nothing. A span is a key of its own.
    """
    if named is not None:
        shape, row = named
        keys = row if len(shape) == 1 else (row,)
        yield (Kind.VALUES, shape, 0, _has_nothing(row)), keys, conjunct and _shared(conjunct)
        conjunct = (*_asked(named), *conjunct)
    match _lead(conjunct):
        case Keys(reader=reader, keys=keys) as lead:
            if len(conjunct) > 1 and len(alike := _alike(conjunct, lead)) > 1:
                row = tuple([atom.keys[0] for atom in alike])
                shape = tuple([atom.reader for atom in alike])
                spot = (Kind.VALUES, shape, 0, _has_nothing(row))
                yield spot, (row,), _without(conjunct, alike)
            spot = (Kind.VALUES, (reader,), 0, _has_nothing(keys))
            yield spot, keys, _without(conjunct, (lead,))
        case Prefix(reader=reader, text=text) as lead:
            start = text[:LENGTH_MAX]
            spot = (Kind.BEGINNING, (reader,), len(start), False)
            yield spot, (start,), _without(conjunct, (lead,))
        case Suffix(reader=reader, text=text) as lead:
            end = text[-LENGTH_MAX:]
            spot = (Kind.END, (reader,), len(end), False)
            yield spot, (end,), _without(conjunct, (lead,))
        case Member(reader=reader, key=key) as lead:
            spot = (Kind.ITEM, (reader,), 0, _has_nothing((key,)))
            yield spot, (key,), _without(conjunct, (lead,))
        case Span(reader=reader) as lead:
            kind = Kind.TEXT_SPAN if lead.is_text else Kind.NUMBER_SPAN
            yield (kind, (reader,), 0, False), (lead,), _without(conjunct, (lead,))
        case Present(reader=reader) as lead:
            yield (Kind.PRESENCE, (reader,), 0, False), (True,), _without(conjunct, (lead,))
        case _:
            return


def _has_nothing(keys: Sequence[Key]) -> bool:
    """Whether one is null: a filter takes what is absent for it. Nothing else names the absent."""
    return None in keys


def _asked(named: Named) -> list[Keys]:
    shape, row = named
    if len(shape) == 1:
        return [Keys(shape[0], row)]
    return [Keys(reader, (key,)) for reader, key in zip(shape, row, strict=True)]


def _lead(conjunct: Conjunct) -> Atom | None:
    """What leaves the least open; of several the first."""
    if len(conjunct) == 1:
        return conjunct[0]
    for atom in conjunct:
        if type(atom) is Keys and len(atom.keys) == 1 and atom.keys[0] is not None:
            return atom  # nothing leaves less
    return min(conjunct, key=_rank, default=None)


def _rank(atom: Atom) -> tuple[int, int]:
    """How much an atom leaves open, about; what is longer leaves less."""
    match atom:
        case Keys(keys=keys):
            return (5 if keys == (None,) else int(len(keys) > 1)), len(keys)
        case Prefix() | Suffix():
            return 2, -len(atom.text)
        case Member():
            return 3, 0
        case Span():
            return (6 if atom.low == LOWEST or atom.high == HIGHEST else 4), 0
        case _:
            return 7, 0


def _alike(conjunct: Conjunct, lead: Keys) -> list[Keys]:
    """Those that name one value, as ``lead`` does; what is absent is no value.

    In the same order whatever the order of the conjunct.
    """
    if len(lead.keys) > 1:
        return [lead]
    is_null = lead.keys[0] is None
    alike = [
        atom
        for atom in conjunct
        if isinstance(atom, Keys) and len(atom.keys) == 1 and (atom.keys[0] is None) is is_null
    ]
    return sorted(alike[:PATHS_MAX], key=_ORDER) if len(alike) > 1 else alike


def _without(conjunct: Conjunct, taken: Sequence[Atom]) -> Conjunct:
    if len(taken) == len(conjunct):
        return ()
    kept = set(map(id, taken))
    return _shared(tuple([atom for atom in conjunct if id(atom) not in kept]))


@lru_cache(_SHARED_MAX)
def _shared(left: Conjunct) -> Conjunct:
    """The same object for what many rules leave alike: a place of them is read much faster."""
    return left
