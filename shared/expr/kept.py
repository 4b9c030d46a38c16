"""What is made of long texts, kept for whoever asks for it next."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, Generic, TypeVar

V = TypeVar("V")

SHORT_CHARS: Final = 256
"""A text of no more is kept by ``lru_cache``, which is faster, and counts such texts by number.

What the engines make of a character takes up to 250 bytes: 10,000 of the longest expressions would
be 100 GB, and a few hundred requests enough for the first of them.
"""


class Kept(Generic[V]):
    """A function of a text and options, called once for each; who was not asked for lately goes.

    A text counts once for each ``SHORT_CHARS`` that it begins. ``make`` must give what text and
    options alone decide, whoever asks, as everybody gets the same object, and never None. What it
    raises is not kept. Ask with the options in one order; from any thread.

    In two halves: what is asked for goes to the young one, and when that is full the old one is
    dropped.
    """

    def __init__(self, make: Callable[..., V], max_entries: int) -> None:
        self._make = make
        self._half = self._left = max(1, max_entries // 2)
        self._young: dict[tuple[Hashable, ...], V] = {}
        self._old = self._young
        self._changing = Lock()

    def __call__(self, text: str, **options: Any) -> V:
        key = (text, *options.values())
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = self._make(text, **options)
            self._keep(key, 1 + len(text) // SHORT_CHARS, found)
        return found

    def _keep(self, key: tuple[Hashable, ...], weight: int, found: V) -> None:
        with self._changing:
            if key in self._young:  # another thread was quicker
                return
            if weight > self._left and self._young:
                self._old, self._young, self._left = self._young, {}, self._half
            self._young[key] = found
            self._left -= weight
