"""The engine's own functions by what they make of what they are given."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

SHORT_CHARS: Final = 64
SEPARATOR_CHARS_SHORT: Final = 8

MEASURING: Final = frozenset(
    (
        *("sum", "count", "max", "min", "average", "length", "number", "floor", "ceil", "round"),
        *("abs", "sqrt", "power", "random", "boolean", "not", "exists", "contains", "type"),
        *("now", "millis", "fromMillis", "toMillis", "formatNumber", "formatBase"),
        *("formatInteger", "parseInteger", "error", "assert"),
    )
)
"""A number, a truth, a short text, or an error."""

COPYING: Final[Mapping[str, float]] = MappingProxyType(
    {
        **dict.fromkeys(("trim", "uppercase", "lowercase", "decodeUrl", "decodeUrlComponent"), 1.0),
        **dict.fromkeys(("substring", "substringBefore", "substringAfter", "base64decode"), 1.0),
        **dict.fromkeys(("append", "merge", "reverse", "shuffle", "distinct", "zip"), 1.0),
        **dict.fromkeys(("sort", "pad"), 1.0),
        **dict.fromkeys(("string", "join", "base64encode", "clone"), 2.0),
        **dict.fromkeys(("encodeUrl", "encodeUrlComponent"), 3.0),
        **dict.fromkeys(("spread", "split"), 4.0),
        **dict.fromkeys(("match", "eval"), 8.0),
        "replace": 1.0,
    }
)
"""By name, how many times what it is given it makes at most.

Not ``$keys``: it takes the square of their number, and looks at no clock.
"""

LOOPING: Final = frozenset(("map", "filter", "each", "sift", "single", "reduce", "sort"))
"""They call a function for each item."""

MAPPED: Final = MEASURING | {"string", "trim", "uppercase", "lowercase"}
"""They may be handed to those as they are: of what they are called with they take the item."""

NAMES: Final = MEASURING | COPYING.keys() | LOOPING | {"lookup"}
"""All but some that are rarely used."""


def is_modest(name: str, arguments: Sequence[Any]) -> bool:
    """Whether what is put between, in place or beside is a short literal."""
    others = arguments[1:]
    match name:
        case "join":
            return all(
                part.type == "string" and len(part.value) <= SEPARATOR_CHARS_SHORT
                for part in others
            )
        case "replace":
            return len(others) > 1 and all(
                part.type in ("string", "regex", "number") and len(str(part.value)) <= SHORT_CHARS
                for part in others
            )
        case _:
            return bool(others) and all(
                part.type == "string" or (part.type == "number" and abs(part.value) <= SHORT_CHARS)
                for part in others
            )
