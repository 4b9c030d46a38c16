"""Of many tables, those that an event can be found in: those by a path at which it has something.

A tree of the paths' names is gone down beside the event. So a table costs nothing as long as no
event has its field, and what an event costs goes by its own fields (the idea of quamina's).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.here: list[T] = []
        self.below: dict[str, _Node[T]] | None = None


class PathTree(Generic[T]):
    """Things by the names of a path."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root = _Node[T]()

    def put(self, names: Sequence[str], thing: T) -> None:
        """Put a thing at a path, beside what is there."""
        node = self._root
        for name in names:
            if node.below is None:
                node.below = {}
            node = node.below.setdefault(name, _Node())
        node.here.append(thing)

    def take(self, names: Sequence[str], thing: T) -> None:
        """Take this very thing away, which is there, and what then leads to nothing any more."""
        node, way = self._root, list[tuple[str, dict[str, _Node[T]]]]()
        for name in names:
            below = node.below or {}
            way.append((name, below))
            node = below[name]
        node.here = [one for one in node.here if one is not thing]
        for name, below in reversed(way):
            node = below[name]
            if node.here or node.below:
                break
            del below[name]

    def has(self, name: str) -> bool:
        """Whether paths begin with ``name``."""
        return name in (self._root.below or ())

    def along(self, value: Any) -> Iterator[T]:
        """The things whose path leads to something in ``value``, and all below a list in it.

        What a path finds in a list depends on who reads it: by an index, or in each item.
        """
        ahead = [(self._root, value)]
        while ahead:
            node, value = ahead.pop()
            kind = type(value)
            if kind is list:
                yield from _each(node)
                continue
            yield from node.here
            if kind is dict and (below := node.below):
                # Goes through the smaller of the two.
                ahead += [(below[name], value[name]) for name in below.keys() & value.keys()]


def _each(node: _Node[T]) -> Iterator[T]:
    ahead = [node]
    while ahead:
        node = ahead.pop()
        yield from node.here
        if node.below:
            ahead += node.below.values()
