"""Finding, among many rules, those that an event may satisfy.

Each conjunct of a rule (``atoms.py``) stands in one place. Where it names values, that is a table
by the values of the paths that it names one of: its *shape*, of which rules that were made alike
have the same. Else it is looked up by one of several values, by the beginning or end of a text, by
a span, by an item of a list, or by being there at all. A place with some rules asks what is left of
their conjuncts, and one with many is an index of its own, by that. Of many tables, an event is
looked up in those by a path at which it has something (``path_tree.py``).
"""

from typing import Final, Generic, TypeVar

from shared.matching.atoms import Conjunct
from shared.matching.filters import EVENT
from shared.matching.path_tree import PathTree
from shared.matching.places import Table, table_of
from shared.matching.placing import Named, Spot, spots_of
from shared.matching.readers import Reading

T = TypeVar("T")

DEPTH_MAX: Final = 4
TABLES_MAX: Final = 256
"""Each table costs every event a look: after so many, a conjunct stands by one of its paths."""
FEW: Final = 32
"""So many tables are looked through sooner than a tree of their paths is gone down."""
NAMES_MAX: Final = 8
"""Of a path, so many names lead to its tables: each takes memory, and time below a list."""


class Index(Generic[T]):
    """Things by conjuncts; ``find`` gives all that may hold, and maybe some that do not."""

    __slots__ = ("_depth", "_of_all", "_rest", "_tables", "_tree")

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._tables: dict[Spot, Table[T]] = {}
        # Once there are many: those that any event may be found in, and the others by their paths.
        self._of_all: dict[Spot, Table[T]] = {}
        self._tree: PathTree[Table[T]] | None = None
        self._rest: dict[T, None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self._tables or self._rest)

    def add(self, thing: T, conjunct: Conjunct, named: Named | None = None) -> None:
        """Take a thing in; it may be there under several conjuncts.

        ``named`` is more that is asked (``placing.Stand``).
        """
        for spot, keys, left in spots_of(conjunct, named):
            table = self._table(spot)
            if table is not None:
                table.put(keys, (left, thing), self._nested)
                return
        self._rest[thing] = None

    def remove(self, thing: T, conjunct: Conjunct, named: Named | None = None) -> bool:
        """Take a thing away that was added so; whether it was there."""
        for spot, keys, left in spots_of(conjunct, named):
            table = self._tables.get(spot)
            taken = [] if table is None else [table.take(key, (left, thing)) for key in keys]
            if any(taken):
                if not table:
                    self._close(spot)
                return True
        return thing in self._rest and self._rest.pop(thing) is None

    def find(self, reading: Reading, found: dict[T, None]) -> None:
        """Add to ``found`` whatever may hold of the event."""
        if self._tree is None:
            for table in self._tables.values():
                table.find(reading, found)
        else:
            for table in self._of_all.values():
                table.find(reading, found)
            for table in self._tree.along(reading.scope(reads_event=self._tree.has(EVENT))):
                table.find(reading, found)
        if self._rest:
            found |= self._rest

    def _table(self, spot: Spot) -> Table[T] | None:
        """The table of a spot; None where there would be too many of several paths."""
        table = self._tables.get(spot)
        if table is None and (len(spot[1]) == 1 or len(self._tables) < TABLES_MAX):
            table = self._tables[spot] = table_of(spot)
            if self._tree is not None:
                self._lead_to(spot, self._tree)
            elif len(self._tables) > FEW:
                self._tree = PathTree()
                for each in self._tables:
                    self._lead_to(each, self._tree)
        return table

    def _lead_to(self, spot: Spot, tree: PathTree[Table[T]]) -> None:
        _, shape, _, is_of_all = spot
        if is_of_all:
            self._of_all[spot] = self._tables[spot]
        else:
            tree.put(shape[0].names[:NAMES_MAX], self._tables[spot])

    def _close(self, spot: Spot) -> None:
        table = self._tables.pop(spot)
        if self._tree is None:
            return
        _, shape, _, is_of_all = spot
        if is_of_all:
            del self._of_all[spot]
        else:
            self._tree.take(shape[0].names[:NAMES_MAX], table)

    def _nested(self) -> "Index[T] | None":
        return Index(self._depth + 1) if self._depth < DEPTH_MAX else None
