"""What an evaluation has left, for whatever the engine does not stop.

jlens looks at its clock once in 256 steps, and a call is a step or three, however long the function
takes: what a hundred calls take would come on top of the time of an evaluation. So functions that
may take long look at the clock themselves, each time that they are called.
"""

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


@dataclass(slots=True)
class _Left:
    ends_at_s: float
    range_items: float = RANGES_ITEMS_MAX


_LEFT: Final[ContextVar[_Left]] = ContextVar("left_of_an_evaluation")


@contextmanager
def limited(timeout_s: float) -> Iterator[None]:
    """The evaluation within has so long, and ``RANGES_ITEMS_MAX`` items of ranges."""
    token = _LEFT.set(_Left(time.monotonic() + timeout_s))
    try:
        yield
    finally:
        _LEFT.reset(token)


def look() -> None:
    """Raises ExpressionError once the time of the evaluation, if there is one, is over."""
    left = _LEFT.get(None)
    if left is not None and time.monotonic() > left.ends_at_s:
        raise ExpressionError("D1012", "The evaluation takes too long.")


def looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that looks at the clock before each call."""

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
