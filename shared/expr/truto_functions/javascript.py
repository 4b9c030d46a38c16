"""How JavaScript reads and writes a JSON value; what lodash calls a path."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

_HUGE = 1e21
_TINY = 1e-6
"""From here on JavaScript writes an exponent."""

_PLACES = re.compile(r"[^.\[\]]+")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)")
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_text(number: float) -> str:
    """As JavaScript writes a number: 1, 0.1, 1e+21, NaN."""
    value = float(number)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _TINY <= abs(value) < _HUGE:
        text = format(Decimal(repr(value)), "f")
        return text.removesuffix(".0").removeprefix("-" if value == 0 else "")
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def text_of(value: Any) -> str:
    """``String(value)``; null is "null"."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case None:
            return "null"
        case list():
            return ",".join("" if item is None else text_of(item) for item in value)
        case _:
            return "[object Object]"


def json_text(value: Any, indent: str = "", around: str = "\n") -> str:
    """``JSON.stringify(value)``: numbers as JavaScript writes them."""
    match value:
        case bool() | None | str():
            return json.dumps(value, ensure_ascii=False)
        case int() | float():
            return number_text(value) if math.isfinite(value) else "null"
        case list():
            inner = [json_text(item, indent, around + indent) for item in value]
            return _enclosed("[", "]", inner, indent, around)
        case _:
            colon = ": " if indent else ":"
            inner = [
                f"{json.dumps(key, ensure_ascii=False)}{colon}"
                f"{json_text(item, indent, around + indent)}"
                for key, item in value.items()
            ]
            return _enclosed("{", "}", inner, indent, around)


def _enclosed(opening: str, closing: str, inner: list[str], indent: str, around: str) -> str:
    if not indent or not inner:
        return opening + ",".join(inner) + closing
    return f"{opening}{around}{indent}{f',{around}{indent}'.join(inner)}{around}{closing}"


def number_of(value: Any) -> float:
    """``Number(value)``: null and "" are 0, "0x10" is 16, what is no number is NaN."""
    match value:
        case bool() | int() | float():
            return +value
        case None:
            return 0
        case list():
            return number_of(text_of(value))
        case str():
            return _number_in(value.strip())
        case _:
            return math.nan


def _number_in(text: str) -> float:
    if not text:
        return 0
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return tidy(float(text))
    signless = text.lstrip("+-")
    if signless == "Infinity" and len(text) - len(signless) <= 1:
        return -math.inf if text[0] == "-" else math.inf
    return math.nan


def parsed_float(value: Any) -> float:
    """``parseFloat(value)``: the number that the text begins with, or NaN."""
    found = _FLOAT.match(text_of(value).strip())
    return float(found.group()) if found else math.nan


def tidy(number: float) -> float:
    """A whole number as an int."""
    return int(number) if math.isfinite(number) and number == int(number) else number


def is_truthy(value: Any) -> bool:
    """Whether JavaScript takes it for true: an empty list or object is."""
    return isinstance(value, list | dict) or (bool(value) and value == value)  # noqa: PLR0124 - NaN


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def path_in(holder: Any, path: Any) -> tuple[Any, ...]:
    """Lodash's path: a name the holder has as it stands, else "a.b[0]", else a list of names."""
    if isinstance(path, list):
        return tuple(text_of(part) for part in path)
    text = text_of(path)
    if isinstance(holder, Mapping) and text in holder:
        return (text,)
    return tuple(part.strip("'\"") for part in _PLACES.findall(text)) or ("",)


def found_at(holder: Any, path: Any, default: Any = None) -> Any:
    """What stands at a path, or ``default``."""
    value = holder
    for part in path_in(holder, path):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return default
    return value


def as_list(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as the only item of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
