"""Which of many spans of whole numbers a number lies in.

A span with two ends stands in the one or two cells of a grid as coarse as it is long: there is a
grid for each power of two, and a number lies in one cell of each. So spans are found in as many
looks as there are lengths, with few that do not hold the number. Spans with one end are sorted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

from shared.matching.readers import HIGHEST, LOWEST, Ordinal

T = TypeVar("T")

_MERGED_AT_ONCE = 64


class Spans(Generic[T]):
    """Things by their spans, both ends within."""

    __slots__ = ("_above", "_below", "_grids")

    def __init__(self) -> None:
        self._grids: dict[int, dict[int, list[tuple[Ordinal, Ordinal, T]]]] = {}
        self._above = _Sorted[T]()
        self._below = _Sorted[T]()

    def add(self, low: Ordinal, high: Ordinal, thing: T) -> None:
        """Put a thing there."""
        if high == HIGHEST:
            self._above.add(low, thing)
        elif low == LOWEST:
            self._below.add(high, thing)
        else:
            level = (high - low).bit_length()
            grid, span = self._grids.setdefault(level, {}), (low, high, thing)
            for cell in range(low >> level, (high >> level) + 1):
                grid.setdefault(cell, []).append(span)

    def __bool__(self) -> bool:
        return bool(self._grids or self._above or self._below)

    def remove(self, low: Ordinal, high: Ordinal, thing: T) -> bool:
        """Take a thing away that was added with this span; whether it was there."""
        if high == HIGHEST:
            return self._above.remove(low, thing)
        if low == LOWEST:
            return self._below.remove(high, thing)
        return self._remove_from_grid((high - low).bit_length(), (low, high, thing))

    def at(self, place: Ordinal) -> Iterator[T]:
        """The things whose span has ``place``; one may come twice."""
        for level, grid in self._grids.items():
            for low, high, thing in grid.get(place >> level, ()):
                if low <= place <= high:
                    yield thing
        yield from self._above.up_to(place)
        yield from self._below.since(place)

    def _remove_from_grid(self, level: int, span: tuple[Ordinal, Ordinal, T]) -> bool:
        grid, (low, high, _) = self._grids.get(level, {}), span
        was_there = False
        for cell in range(low >> level, (high >> level) + 1):
            spans = grid.get(cell, [])
            if span in spans:
                was_there = True
                spans.remove(span)
                if not spans:
                    del grid[cell]
        if was_there and not grid:
            del self._grids[level]
        return was_there


class _Sorted(Generic[T]):
    """Things by a bound; those just added are sorted in when somebody looks."""

    __slots__ = ("_added", "_bounds", "_things")

    def __init__(self) -> None:
        self._bounds: list[Ordinal] = []
        self._things: list[T] = []
        self._added: list[tuple[Ordinal, T]] = []

    def add(self, bound: Ordinal, thing: T) -> None:
        self._added.append((bound, thing))

    def __bool__(self) -> bool:
        return bool(self._things or self._added)

    def remove(self, bound: Ordinal, thing: T) -> bool:
        self._merge()
        first, last = bisect_left(self._bounds, bound), bisect_right(self._bounds, bound)
        at = next((i for i in range(first, last) if self._things[i] == thing), None)
        if at is None:
            return False
        del self._bounds[at], self._things[at]
        return True

    def up_to(self, place: Ordinal) -> list[T]:
        """Those whose bound is ``place`` or before it."""
        self._merge()
        return self._things[: bisect_right(self._bounds, place)]

    def since(self, place: Ordinal) -> list[T]:
        """Those whose bound is ``place`` or after it."""
        self._merge()
        return self._things[bisect_left(self._bounds, place) :]

    def _merge(self) -> None:
        if not self._added:
            return
        if len(self._added) <= _MERGED_AT_ONCE:
            for bound, thing in self._added:
                at = bisect_right(self._bounds, bound)
                self._bounds.insert(at, bound)
                self._things.insert(at, thing)
        else:
            both = [*zip(self._bounds, self._things, strict=True), *self._added]
            both.sort(key=lambda one: one[0])
            self._bounds = [bound for bound, _ in both]
            self._things = [thing for _, thing in both]
        self._added = []
