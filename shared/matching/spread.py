"""What paths lead to in JSON, through all lists, as JSONata goes."""

from collections.abc import Sequence
from itertools import chain
from typing import Any


class Spread:
    """The values at a path, and what lies below them.

    Lists are gone through once, whatever number of paths lead through them: many workflows may ask
    for many names of one long list.
    """

    __slots__ = ("_below", "_fields", "_objects", "_opened", "_values")

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._opened: Sequence[Any] | None = None
        self._objects: Sequence[dict[str, Any]] | None = None
        self._fields: dict[str, list[Any]] | None = None
        self._below: dict[str, Spread | None] = {}

    def at(self, names: Sequence[str]) -> Sequence[Any] | None:
        """What stands there in some order, lists opened; None where the path leads to nothing.

        An empty list is something.
        """
        node: Spread = self
        for name in names:
            below = node.below(name)
            if below is None:
                return None
            node = below
        return node.opened()

    def below(self, name: str) -> "Spread | None":
        """What objects have under ``name``; None where none has it."""
        if name not in self._below:
            values = self._named(name)
            self._below[name] = Spread(values) if values else None
        return self._below[name]

    def opened(self) -> Sequence[Any]:
        """The values, and those in lists in place of the lists."""
        if self._opened is None:
            self._opened = _opened(self._values)
        return self._opened

    def _named(self, name: str) -> Sequence[Any]:
        if self._fields is not None:
            return self._fields.get(name, ())
        objects = self._objects
        if objects is None:
            objects = self._objects = [one for one in self.opened() if type(one) is dict]
        if not self._below or len(objects) == 1:  # mostly one name, or one object
            return [one[name] for one in objects if name in one]
        self._fields = {}
        for key, value in chain.from_iterable(map(dict.items, objects)):
            self._fields.setdefault(key, []).append(value)
        return self._fields.get(name, ())


def _opened(values: Sequence[Any]) -> Sequence[Any]:
    found: list[Any] = []
    while list in set(map(type, values)):
        found += [one for one in values if type(one) is not list]
        values = [*chain.from_iterable([one for one in values if type(one) is list])]
    return [*found, *values]
