"""Values of events in little room, however large or deep they are."""

from itertools import islice
from typing import Any, Final

CUT: Final = "…"
"""Stands where something was left out."""

_TEXT_CHARS_MAX: Final = 200
_ITEMS_MAX: Final = 8
_DEPTH_MAX: Final = 3


def shortened(value: Any, depth: int = _DEPTH_MAX) -> Any:
    """``value`` as JSON of at most a few kilobytes; small ones stay as they are."""
    match value:
        case str():
            return value if len(value) <= _TEXT_CHARS_MAX else value[:_TEXT_CHARS_MAX] + CUT
        case list() if depth:
            kept = [shortened(item, depth - 1) for item in value[:_ITEMS_MAX]]
            return [*kept, CUT] if len(value) > len(kept) else kept
        case dict() if depth:
            fields = {
                str(shortened(key)): shortened(item, depth - 1)
                for key, item in islice(value.items(), _ITEMS_MAX)
            }
            return {**fields, CUT: CUT} if len(value) > _ITEMS_MAX else fields
        case list() | dict():
            return CUT if value else value
        case _:
            return value
