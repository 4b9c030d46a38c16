"""The places of an index: what stands in one, and where there are many, an index of those."""

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Final, Generic, Protocol, TypeAlias, TypeVar, cast

from shared.matching.atoms import Conjunct, Present, Span, members_among
from shared.matching.placing import Kind, Spot
from shared.matching.readers import Key, Reader, Reading, ordinal_of
from shared.matching.spans import Spans

T = TypeVar("T")

SPLIT_AT: Final = 64
"""A place with more things than this becomes an index of its own, by what is left to ask."""
_SPLIT_LENGTH: Final = 2 * SPLIT_AT

Entry: TypeAlias = tuple[Conjunct, T]
"""A thing, after what is left to ask of an event for it."""


class Finder(Protocol[T]):
    """An index (``index.py``)."""

    @property
    def is_empty(self) -> bool: ...
    def add(self, thing: T, conjunct: Conjunct) -> None: ...
    def remove(self, thing: T, conjunct: Conjunct) -> bool: ...
    def find(self, reading: Reading, found: dict[T, None]) -> None: ...


Nest: TypeAlias = Callable[[], Finder[T] | None]
"""Makes an index for the things of one place; None: it is deep enough."""

Look: TypeAlias = Callable[[Reading], Key]
"""At which key an event is looked up."""


class Some(list[T | Conjunct]):
    """A few things, before each what is left to ask for it.

    So most things need not be touched, which may lie anywhere in memory: what is left of them does
    not hold, and many leave the same.
    """

    __slots__ = ()

    def remove_entry(self, entry: Entry[T]) -> bool:
        """Take a thing away; whether it was there."""
        for at in range(0, len(self), 2):
            if self[at + 1] is entry[1] and self[at] == entry[0]:
                del self[at : at + 2]
                return True
        return False

    def entries(self) -> Iterator[Entry[T]]:
        """Each with its thing."""
        each = iter(self)
        return cast("Iterator[Entry[T]]", zip(each, each, strict=True))

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        """Add to ``found`` the things of which what is left may hold."""
        for at, left in enumerate(cast("list[Conjunct]", self[::2])):
            for atom in left:
                if not atom.may_hold(reading):
                    break
            else:
                found[cast("T", self[2 * at + 1])] = None


class Places(dict[Key, Entry[T] | Some[T] | Finder[T]], Generic[T]):
    """By keys: a thing that stands alone, some, or an index of many. Most stand alone."""

    __slots__ = ("_look",)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def put(self, keys: Iterable[Key], entry: Entry[T], nest: Nest[T]) -> None:
        """Put a thing in the places of ``keys``."""
        for key in keys:
            here = self.get(key)
            if isinstance(here, Some):
                here += entry
                if len(here) > _SPLIT_LENGTH and (inner := nest()) is not None:
                    for left, thing in here.entries():
                        inner.add(thing, left)
                    self[key] = inner
            elif here is None:
                self[key] = entry
            elif isinstance(here, tuple):
                self[key] = Some(here + entry)
            else:
                here.add(entry[1], entry[0])

    def take(self, key: Key, entry: Entry[T]) -> bool:
        """Take a thing away; whether it was there. A place without any goes."""
        here = self.get(key)
        if isinstance(here, Some):
            was_there, is_empty = here.remove_entry(entry), not here
        elif here is None or isinstance(here, tuple):
            was_there = is_empty = here == entry
        else:
            was_there, is_empty = here.remove(entry[1], entry[0]), here.is_empty
        if was_there and is_empty:
            del self[key]
        return was_there

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        """Add to ``found`` what may hold of the event."""
        self.find_at(self._look(reading), reading, found)

    def find_at(self, key: Key, reading: Reading, found: dict[T, None]) -> None:
        """Of that, what stands at ``key``. What stands alone is not asked: it mostly holds."""
        here = self.get(key)
        if isinstance(here, tuple):
            found[here[1]] = None
        elif here is not None:
            here.find(reading, found)


class Items(Places[T]):
    """Places by what the value at a path has, which may be many keys."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        super().__init__(itemgetter(reader))
        self._reader = reader

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        for key in members_among(self.keys(), reading, self._reader):
            self.find_at(key, reading, found)


class Stretches(Generic[T]):
    """Things by the span in which the number or text at a path lies."""

    __slots__ = ("_is_text", "_reader", "_spans")

    def __init__(self, reader: Reader, *, is_text: bool) -> None:
        self._reader = reader
        self._is_text = is_text
        self._spans = Spans[Entry[T]]()

    def __bool__(self) -> bool:
        return bool(self._spans)

    def put(self, keys: Iterable[Key], entry: Entry[T], _nest: Nest[T]) -> None:
        """Put a thing at spans."""
        for span in cast("Iterable[Span]", keys):
            self._spans.add(span.low, span.high, entry)

    def take(self, key: Key, entry: Entry[T]) -> bool:
        """Take a thing away from a span; whether it was there."""
        span = cast("Span", key)
        return self._spans.remove(span.low, span.high, entry)

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        """Add to ``found`` what may hold of the event."""
        ordinal = ordinal_of(reading[self._reader])
        if ordinal is not None and ordinal[0] is self._is_text:
            for left, thing in self._spans.at(ordinal[1]):
                if all(atom.may_hold(reading) for atom in left):
                    found[thing] = None


Table: TypeAlias = Places[T] | Stretches[T]


def table_of(spot: Spot) -> Table[T]:
    """An empty table for a spot."""
    kind, shape, length, _ = spot
    reader = shape[0]
    match kind:
        case Kind.VALUES:
            return Places(itemgetter(*shape))
        case Kind.BEGINNING:
            return Places(lambda reading: _text(reading[reader])[:length])
        case Kind.END:
            return Places(lambda reading: _text(reading[reader])[-length:])
        case Kind.PRESENCE:
            return Places(Present(reader).may_hold)
        case Kind.ITEM:
            return Items(reader)
        case Kind.NUMBER_SPAN | Kind.TEXT_SPAN:
            return Stretches(reader, is_text=kind is Kind.TEXT_SPAN)


def _text(key: Key) -> str:
    """What stands for no text is in no table: it is shorter than any beginning."""
    return key if isinstance(key, str) else ""
