"""The casts of a placeholder: ``{{path:int}}``."""

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from shared.expr.errors import ExpressionError

_INT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]{1,16}|\d{1,300})", re.ASCII)
_NUM = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INT64 = range(-(2**63), 2**63)


def cast(value: Any, name: str, *, whole: bool) -> Any:
    """``value`` as ``name`` says; what cannot be cast stays as it is, null stays null.

    ``whole`` says that the placeholder is the whole text. Raises ``ExpressionError`` for an
    unknown name.
    """
    if name not in CASTS:
        raise ExpressionError("UNKNOWN_CAST", f"There is no cast {name!r}.")
    if value is None or (name == "null" and not whole):
        return None
    if isinstance(value, str) and name != "str":
        value = value.strip()
    return value if name == "json" and not whole else CASTS[name](value)


def as_text(value: Any) -> str:
    """A value inside a text: arrays as their items with commas, objects as JSON."""
    match value:
        case str():
            return value
        case list():
            return ",".join(as_text(item) for item in value)
        case float() if value.is_integer() and abs(value) < 1e21:  # noqa: PLR2004 - as JavaScript
            return str(int(value))
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            return as_json(value).decode()


def as_json(value: Any) -> bytes:
    """A value as JSON; raises ``ExpressionError`` for what no JSON reader takes back."""
    try:
        return orjson.dumps(value)
    except TypeError as error:  # integers beyond 64 bits, hundreds of levels, lone surrogates
        raise ExpressionError("TEMPLATE_VALUE", f"A value cannot be written: {error}") from error


def _int(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if abs(value) < _INT64.stop else value
    found = _INT.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    number = int(found[0], 16 if "x" in found[0].lower() else 10)
    return number if number in _INT64 else value


def _num(value: Any) -> Any:
    found = _NUM.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    number = float(found[0])
    if not math.isfinite(number):
        return value
    return int(number) if number.is_integer() and int(number) in _INT64 else number


def _json(value: Any) -> Any:
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return value


def _bool(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _null(value: Any) -> Any:
    return None if value == "null" else value


def _kept(value: Any) -> Any:
    return value


CASTS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "str": as_text,
        "int": _int,
        "num": _num,
        "bool": _bool,
        "json": _json,
        "null": _null,
        "any": _kept,
        "undefined": _kept,
        "ignore-empty-str": _kept,
    }
)
"""By name."""
