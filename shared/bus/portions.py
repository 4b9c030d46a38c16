"""How much is read and published at a time, where there may be much of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

BYTES_AT_ONCE: Final = 4_000_000
"""While it is published it is in memory several times: as it was read, written, and batched."""


def portions(items: Iterable[T], bytes_of: Callable[[T], int]) -> Iterator[Sequence[T]]:
    """Items in their order, of ``BYTES_AT_ONCE`` together or less; one that is larger comes alone.

    They are drawn as they are needed: one that does not go in any more is held, and none after it.
    """
    some: list[T] = []
    size = 0
    for item in items:
        more = bytes_of(item)
        if some and size + more > BYTES_AT_ONCE:
            yield some
            some, size = [], 0
        some.append(item)
        size += more
    if some:
        yield some
