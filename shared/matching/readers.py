"""Reading single values of an event's scope, and the form in which they are looked up."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from struct import Struct
from typing import Any, Final, TypeAlias

from shared.domain.workflows import Dialect
from shared.matching.clauses import Path
from shared.matching.filters import EVENT
from shared.matching.spread import Spread
from shared.matching.view import EventView

Key: TypeAlias = object
"""A scalar as it is looked up: equal values have equal keys, and few others do."""

Ordinal: TypeAlias = int
"""A number's or a text's place in its order; close ones may share it."""

MANY: Final = object()
"""For a value that is no scalar: no scalar equals it, and it has no place in an order."""
ABSENT: Final = object()
"""For nothing at all, where that differs from null."""

_TRUE: Final = object()  # apart from 1, which Python takes for equal
_FALSE: Final = object()
_TEXT_BYTES: Final = 24
_DOUBLE: Final = Struct(">d")
_BITS: Final = Struct(">Q")
_SIGN_BIT: Final = 1 << 63
LOWEST: Final = -(1 << 8 * _TEXT_BYTES)
HIGHEST: Final = 1 << 8 * _TEXT_BYTES


class Reader:
    """A path of an event's scope; two are the same one only if they are one object.

    Filters read one value, at ``path``. In JSONata, without a ``path``, the ``names`` lead through
    lists to all there is. By their ``order`` the readers of a table stand one after another.
    """

    __slots__ = ("__weakref__", "_path", "is_sequence", "names", "nothing", "order", "reads_event")

    def __init__(self, names: Sequence[str], path: Path | None = None) -> None:
        self.names = tuple(names)
        self.is_sequence = path is None
        self.order = self.is_sequence, self.names
        self.reads_event = self.names[0] == EVENT
        self.nothing: Key = None if path else ABSENT
        self._path = path

    def key(self, scope: Any, spread: Callable[[Any], Spread]) -> Key:
        """The key of the scalar there; of null where there is none, ``MANY`` for more than one.

        As JSONata reads it, ``ABSENT`` where there is none, that of the scalar in a list of one.
        ``spread`` gives the same object for the same scope.
        """
        node = scope
        for name in self.names:
            if type(node) is not dict:
                return self._key_within(scope, spread)
            node = node.get(name, self.nothing)
        if type(node) is str:
            return node
        return self._key_within(scope, spread) if type(node) is list else key_of(node)

    def members(self, scope: Any, spread: Callable[[Any], Spread]) -> Iterable[Any]:
        """The value there, or what stands in it if it is a list."""
        if self._path is not None:
            found = self._path.value_in(scope)
            return found if isinstance(found, list) else (found,)
        return [MANY if type(one) is dict else one for one in spread(scope).at(self.names) or ()]

    def _key_within(self, scope: Any, spread: Callable[[Any], Spread]) -> Key:
        """As ``key``, through lists and whatever else there is."""
        if self._path is not None:
            return key_of(self._path.value_in(scope))
        leaves = spread(scope).at(self.names)
        if leaves is None:
            return ABSENT
        return key_of(leaves[0]) if len(leaves) == 1 else MANY


class Reading(dict[Reader, Key]):
    """The keys of what readers find in an event, each read when first asked for."""

    __slots__ = ("_dialect", "_fields", "_members", "_spreads", "_view")

    def __init__(self, view: EventView, dialect: Dialect) -> None:
        self._view = view
        self._dialect = dialect
        self._fields: dict[str, Any] | None = None
        self._members: dict[Reader, AbstractSet[Key]] | None = None
        self._spreads: dict[int, Spread] = {}

    def __missing__(self, reader: Reader) -> Key:
        scope = self._fields
        if scope is None or reader.reads_event:
            scope = self.scope(reads_event=reader.reads_event)
        found = self[reader] = reader.key(scope, self._spread)
        return found

    def members(self, reader: Reader) -> AbstractSet[Key]:
        """The keys of ``Reader.members``."""
        if self._members is None:
            self._members = {}
        found = self._members.get(reader)
        if found is None:
            values = reader.members(self.scope(reads_event=reader.reads_event), self._spread)
            found = self._members[reader] = set(map(key_of, values))
        return found

    def scope(self, *, reads_event: bool) -> dict[str, Any]:
        """What readers read in: the scope of the view, or without ``event``."""
        if reads_event:
            return self._view.scope(self._dialect)
        self._fields = self._view.fields(self._dialect)
        return self._fields

    def _spread(self, scope: Any) -> Spread:
        found = self._spreads.get(id(scope))
        if found is None:
            found = self._spreads[id(scope)] = Spread([scope])
        return found


def key_of(value: Any) -> Key:
    """The key of a scalar; an integer too large for a double is as good as infinite."""
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is int or kind is float:
        return _double(value)
    return value if value is ABSENT else MANY


def ordinal_of(value: Any) -> tuple[bool, Ordinal] | None:
    """Whether it is a text, and its place in the order of texts or of numbers; None: it has none.

    Takes a scalar or its key. Texts are ordered by code point, as far as their first 24 bytes tell.
    """
    kind = type(value)
    if kind is str:
        raw = value[:_TEXT_BYTES].encode("utf-8", "surrogatepass")[:_TEXT_BYTES]
        return True, int.from_bytes(raw.ljust(_TEXT_BYTES, b"\0"), "big")
    if kind is int or kind is float:
        bits: int = _BITS.unpack(_DOUBLE.pack(_double(value)))[0]
        return False, bits if bits < _SIGN_BIT else _SIGN_BIT - bits
    return None


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
