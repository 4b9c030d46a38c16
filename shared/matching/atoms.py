"""What conditions ask of single values of an event, in a form that can be looked up.

A condition becomes a list of *conjuncts*, each a tuple of *atoms*. Whenever it holds, so does every
atom of one of its conjuncts: the form is weaker than the condition, never stronger. A conjunct
without atoms says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from shared.domain.frozen import frozen
from shared.matching.readers import Key, Ordinal, Reader, Reading, ordinal_of

CONJUNCTS_MAX: Final = 32


@frozen
class _Asked:
    """Something that is asked of the value that ``reader`` finds."""

    reader: Reader

    @property
    def place(self) -> object:
        """What two atoms have alike that are merged into one."""
        return type(self), self.reader

    @property
    def is_possible(self) -> bool:
        """Whether there is a value of which it holds."""
        return True


@frozen
class Present(_Asked):
    """There is a value, and in a filter it is not null."""

    def may_hold(self, reading: Reading) -> bool:
        """Whether an event may be like that."""
        return reading[self.reader] is not self.reader.nothing


@frozen
class Keys(_Asked):
    """The key of the value is one of these."""

    keys: tuple[Key, ...]

    @property
    def is_possible(self) -> bool:
        return bool(self.keys)

    def may_hold(self, reading: Reading) -> bool:
        return reading[self.reader] in self.keys

    def both(self, other: "Keys") -> "Keys":
        """What holds where both do."""
        common = set(other.keys)
        return Keys(reader=self.reader, keys=tuple(key for key in self.keys if key in common))


@frozen
class Prefix(_Asked):
    """The value is a text that begins with ``text``."""

    text: str

    @property
    def place(self) -> object:
        return type(self), self.reader, self.text

    def may_hold(self, reading: Reading) -> bool:
        value = reading[self.reader]
        return isinstance(value, str) and value.startswith(self.text)


@frozen
class Suffix(_Asked):
    """The value is a text that ends with ``text``."""

    text: str

    @property
    def place(self) -> object:
        return type(self), self.reader, self.text

    def may_hold(self, reading: Reading) -> bool:
        value = reading[self.reader]
        return isinstance(value, str) and value.endswith(self.text)


@frozen
class Span(_Asked):
    """The value is a text (``is_text``) or else a number, from ``low`` to ``high``."""

    is_text: bool
    low: Ordinal
    high: Ordinal

    @property
    def place(self) -> object:
        return type(self), self.reader, self.is_text

    @property
    def is_possible(self) -> bool:
        return self.low <= self.high

    def may_hold(self, reading: Reading) -> bool:
        found = ordinal_of(reading[self.reader])
        return found is not None and found[0] is self.is_text and self.low <= found[1] <= self.high

    def both(self, other: "Span") -> "Span":
        """What holds where both do."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Span(reader=self.reader, is_text=self.is_text, low=low, high=high)


@frozen
class Member(_Asked):
    """The value has this key, or is a list with an item that does, or a text that contains it."""

    key: Key

    @property
    def place(self) -> object:
        return type(self), self.reader, self.key

    def may_hold(self, reading: Reading) -> bool:
        return bool(members_among({self.key}, reading, self.reader))


Atom: TypeAlias = Keys | Present | Prefix | Suffix | Span | Member
Conjunct: TypeAlias = tuple[Atom, ...]
Conjuncts: TypeAlias = tuple[Conjunct, ...]

ANYTHING: Final[Conjuncts] = ((),)


def every(parts: Sequence[Conjuncts]) -> Conjuncts:
    """Where each of ``parts`` holds; those that would make it too large are left out.

    Without conjuncts it never holds.
    """
    if not parts:
        return ANYTHING
    if len(parts) == 1:
        return parts[0]
    product = _possible([tuple([atom for part in parts if len(part) == 1 for atom in part[0]])])
    for part in sorted([part for part in parts if len(part) != 1], key=len):
        if len(product) * len(part) <= CONJUNCTS_MAX:
            product = _possible([one + other for one in product for other in part])
    return product


def some(parts: Sequence[Conjuncts]) -> Conjuncts:
    """Where one of ``parts`` holds; one that says nothing, or too many, make it say nothing."""
    found = [conjunct for part in parts for conjunct in part]
    named = [conjunct[0].reader for conjunct in found if _is_list(conjunct)]
    if len(set(named)) < len(named):
        found = _listed_together(found)
    return ANYTHING if () in found or len(found) > CONJUNCTS_MAX else tuple(found)


def _is_list(conjunct: Conjunct) -> bool:
    return len(conjunct) == 1 and type(conjunct[0]) is Keys


def _listed_together(conjuncts: Sequence[Conjunct]) -> list[Conjunct]:
    """The same with one list of keys for each value of which only keys are named."""
    listed: dict[Reader, dict[Key, None]] = {}
    others: list[Conjunct] = []
    for conjunct in conjuncts:
        if len(conjunct) == 1 and isinstance(conjunct[0], Keys):
            listed.setdefault(conjunct[0].reader, {}).update(dict.fromkeys(conjunct[0].keys))
        else:
            others.append(conjunct)
    named = [(Keys(reader=reader, keys=tuple(keys)),) for reader, keys in listed.items()]
    return [*named, *others]


def members_among(keys: AbstractSet[Key], reading: Reading, reader: Reader) -> Iterable[Key]:
    """Those of ``keys`` that the value is, or has, or as a text contains."""
    text = None if reader.is_sequence else reading[reader]
    if isinstance(text, str):
        return [key for key in keys if isinstance(key, str) and key in text]
    return keys & reading.members(reader)


def _possible(conjuncts: Sequence[Conjunct]) -> Conjuncts:
    """The same, merged, without those that never hold."""
    # Each atom is possible by itself: only where some were merged there may be one that is not.
    return tuple(
        [
            merged
            for conjunct in conjuncts
            if (merged := _merged(conjunct)) is conjunct or all(map(_is_possible, merged))
        ]
    )


def _is_possible(atom: Atom) -> bool:
    return atom.is_possible


def _merged(atoms: Conjunct) -> Conjunct:
    """The same with one atom for each place."""
    if len({atom.reader for atom in atoms}) == len(atoms):
        return atoms
    kept: dict[object, Atom] = {}
    for atom in atoms:
        place = atom.place
        known = kept.get(place)
        kept[place] = atom if known is None else _both(known, atom)
    return tuple([atom for atom in kept.values() if not _is_told(atom, kept)])


def _is_told(atom: Atom, kept: Mapping[object, Atom]) -> bool:
    """Whether another atom says that there is a value already."""
    if type(atom) is not Present:
        return False
    named = kept.get((Keys, atom.reader))
    return isinstance(named, Keys) and None not in named.keys


def _both(one: Atom, other: Atom) -> Atom:
    match one, other:
        case Keys(), Keys():
            return one.both(other)
        case Span(), Span():
            return one.both(other)
        case _:
            return other
