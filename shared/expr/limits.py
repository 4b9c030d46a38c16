"""What an evaluation has left, for whatever the engine does not stop.

jlens looks at its clock once in 256 steps, and a call is a step or three, however long the function
takes: what a hundred calls take would come on top of the time of an evaluation. So functions that
may take long look at the clock themselves, each time that they are called. It has no bound on
memory at all: whoever looks at the clock also sees by how much the process has grown meanwhile.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, NoReturn

from shared.expr.errors import ExpressionError

RANGE_ITEMS_MAX: Final = 100_000
RANGES_ITEMS_MAX: Final = 1_000_000
"""Upper limits of a range, and of all ranges of one evaluation together: no bound counts lists
within lists."""

PICTURE_CHARS_MAX: Final = 1_000
"""Of a picture by which numbers and times are read and written, and of what is read by it."""


GROWTH_BYTES_MAX: Final = 32 * 1024 * 1024
"""Upper limit of what the process may have grown by during one evaluation, where that is seen."""

_WEIGHED_EVERY_S: Final = 0.001
"""Whoever takes less is never weighed: a few megabytes are all that can be written meanwhile."""


@dataclass(slots=True)
class _Left:
    ends_at_s: float
    weighed_at_s: float
    range_items: float = RANGES_ITEMS_MAX
    began_with_bytes: int | None = None

    def weigh(self) -> None:
        """Refuses what has grown too large. Raises ExpressionError."""
        held = held_bytes()
        if self.began_with_bytes is None:
            self.began_with_bytes = held
        if held - self.began_with_bytes > GROWTH_BYTES_MAX:
            refuse(f"the evaluation takes more than {GROWTH_BYTES_MAX} bytes of memory")


_LEFT: Final[ContextVar[_Left]] = ContextVar("left_of_an_evaluation")


@contextmanager
def limited(timeout_s: float) -> Iterator[None]:
    """The evaluation within has so long, and ``RANGES_ITEMS_MAX`` items of ranges."""
    now_s = time.monotonic()
    token = _LEFT.set(_Left(now_s + timeout_s, now_s))
    try:
        yield
    finally:
        _LEFT.reset(token)


def look() -> None:
    """Raises ExpressionError once an evaluation, if there is one, has no time or memory left."""
    left = _LEFT.get(None)
    if left is None:
        return
    now_s = time.monotonic()
    if now_s > left.ends_at_s:
        raise ExpressionError("D1012", "The evaluation takes too long.")
    if now_s - left.weighed_at_s > _WEIGHED_EVERY_S:
        left.weighed_at_s = now_s
        left.weigh()


def held_bytes(process: int | str = "self") -> int:
    """What a process holds; 0 where the system does not tell it in this way (Linux does)."""
    try:
        with open(f"/proc/{process}/statm", "rb", buffering=0) as told:  # noqa: PTH123 - a third the time
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):  # gone, or about to be
        return 0


def looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that looks, as ``look`` does, before each call."""

    @wraps(function)
    def looked(*given: Any) -> Any:
        look()
        return function(*given)

    return looked


def look_at(picture: str | None, text: str | None) -> None:
    """As ``look``, and refuses long pictures, and long texts to be read by one."""
    look()
    if max(len(picture or ""), len(text or "")) > PICTURE_CHARS_MAX:
        refuse(f"pictures, and what is read by them, have {PICTURE_CHARS_MAX} characters at most")


def make_room(items: float) -> None:
    """Take items of a range from what is left. Raises ExpressionError."""
    if items > RANGE_ITEMS_MAX:
        refuse(f"a range would have more than {RANGE_ITEMS_MAX} items")
    left = _LEFT.get()
    left.range_items -= items
    if left.range_items < 0:
        refuse(f"all ranges together would have more than {RANGES_ITEMS_MAX} items")


def refuse(message: str) -> NoReturn:
    """Raises ExpressionError: too large."""
    raise ExpressionError("U1001", message)
