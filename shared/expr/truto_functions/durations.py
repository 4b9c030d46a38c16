"""Lengths of time in units of the calendar, as the library Luxon reckons them."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.format_tokens import tokens_of
from shared.expr.truto_functions.javascript import (
    is_number,
    number_of,
    number_text,
    text_of,
    tidy,
)

UNITS: Final = (
    "years",
    "quarters",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
)
"""From the longest on."""

_DAY_MS = 86_400_000
_IN: Final[dict[str, dict[str, int]]] = {
    "years": {"quarters": 4, "months": 12, "weeks": 52, "days": 365},
    "quarters": {"months": 3, "weeks": 13, "days": 91},
    "months": {"weeks": 4, "days": 30},
    "weeks": {"days": 7},
    "days": {"days": 1},
}
_CLOCK_MS = {"hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "milliseconds": 1}
_LETTERS = {
    "y": "years",
    "M": "months",
    "w": "weeks",
    "d": "days",
    "h": "hours",
    "m": "minutes",
    "s": "seconds",
    "S": "milliseconds",
}

IS_DURATION: Final = "isLuxonDuration"
"""Tells a duration among objects."""

Amounts = dict[str, float]


def unit_of(name: Any) -> str:
    """A unit's name in the plural. Raises ExpressionError."""
    plural = text_of(name).lower().removesuffix("s") + "s"
    if plural not in UNITS:
        raise ExpressionError("INVALID_UNIT", f"Invalid unit {text_of(name)}")
    return plural


def amounts_of(given: Any) -> Amounts:
    """What is added or taken away: milliseconds, or an object of units. Raises ExpressionError."""
    if is_number(given):
        return {"milliseconds": given}
    if not isinstance(given, Mapping):
        message = f"Unknown duration argument {text_of(given)}"
        raise ExpressionError("INVALID_ARGUMENT", message)
    return {
        unit_of(unit): number_of(amount) for unit, amount in given.items() if unit != IS_DURATION
    }


def milliseconds(amounts: Amounts) -> float:
    """The length; a year has 365 days, a month 30."""
    return sum(amount * _factor(unit, "milliseconds") for unit, amount in amounts.items())


def _factor(unit: str, lower: str) -> float:
    """How many of a lower unit a unit has."""
    if unit in _IN and lower in _IN[unit]:
        return _IN[unit][lower]
    length_ms = _IN[unit]["days"] * _DAY_MS if unit in _IN else _CLOCK_MS[unit]
    return length_ms / (_DAY_MS if lower == "days" else _CLOCK_MS[lower])


def added(one: Amounts, other: Amounts) -> Amounts:
    """Unit by unit."""
    return {
        unit: one.get(unit, 0) + other.get(unit, 0)
        for unit in UNITS
        if unit in one or unit in other
    }


def negated(amounts: Amounts) -> Amounts:
    """Back in time."""
    return {unit: -amount for unit, amount in amounts.items()}


def shifted(amounts: Amounts, units: Iterable[str]) -> Amounts:
    """The same length in other units; only the smallest has a fraction."""
    wanted = set(units)
    if not wanted:
        return amounts
    built: Amounts = {}
    left: Amounts = {}
    for unit in UNITS:
        if unit in wanted:
            own = sum(_factor(upper, unit) * amount for upper, amount in left.items())
            own += amounts.get(unit, 0)
            built[unit] = math.trunc(own)
            left = {unit: (own * 1000 - built[unit] * 1000) / 1000}
            last = unit
        elif unit in amounts:
            left[unit] = amounts[unit]
    for unit, amount in left.items():
        built[last] += amount if unit == last else amount / _factor(last, unit)
    return normalized(built)


def normalized(amounts: Amounts) -> Amounts:
    """Units rolled up into the next longer one there is, fractions down into the next shorter."""
    found = dict(amounts)
    sign = -1 if milliseconds(found) < 0 else 1
    there = [unit for unit in UNITS if unit in found]
    for longer, shorter in reversed(list(pairwise(there))):
        of_one = _factor(longer, shorter)
        whole = math.floor(found[shorter] * sign / of_one)
        found[longer] += whole * sign
        found[shorter] -= whole * of_one * sign
    for longer, shorter in pairwise(there):
        fraction = math.fmod(found[longer], 1)
        found[longer] -= fraction
        found[shorter] += fraction * _factor(longer, shorter)
    return {unit: tidy(amount) for unit, amount in found.items()}


def iso_text(amounts: Amounts) -> str:
    """ISO 8601: "P1DT2H"."""
    get = amounts.get
    months = get("months", 0) + get("quarters", 0) * 3
    date = ((get("years", 0), "Y"), (months, "M"), (get("weeks", 0), "W"), (get("days", 0), "D"))
    seconds = round(get("seconds", 0) + get("milliseconds", 0) / 1000, 3)
    time = ((get("hours", 0), "H"), (get("minutes", 0), "M"), (seconds, "S"))
    shown = [
        "".join(f"{number_text(n)}{letter}" for n, letter in part if n) for part in (date, time)
    ]
    return f"P{shown[0]}{f'T{shown[1]}' if shown[1] else ''}" if any(shown) else "PT0S"


def duration_object(amounts: Amounts) -> dict[str, Any]:
    """The duration's own fields."""
    return {unit: tidy(amount) for unit, amount in amounts.items()} | {IS_DURATION: True}


def duration_call(duration: Any, asked: str, *given: Any) -> Any:  # noqa: PLR0911
    """What one of a duration's methods answers."""
    own = amounts_of(duration)
    first = given[0] if given else None
    match asked:
        case "as":
            unit = unit_of(first)
            return shifted(own, [unit])[unit]
        case "get":
            return own.get(unit_of(first), 0)
        case "plus" | "minus":
            other = amounts_of(first)
            return duration_object(added(own, other if asked == "plus" else negated(other)))
        case "negate":
            return duration_object(negated(own))
        case "normalize":
            return duration_object(normalized(own))
        case "shiftTo":
            return duration_object(
                shifted(own, (unit_of(unit) for unit in given if unit is not None))
            )
        case "toFormat":
            return _formatted(own, text_of(first))
        case "toISO":
            return iso_text(own)
        case "toMillis":
            return tidy(milliseconds(own))
        case _:
            return {unit: tidy(amount) for unit, amount in own.items()}


def _formatted(amounts: Amounts, form: str) -> str:
    tokens = list(tokens_of(form))
    units = {_LETTERS[text[0]] for text, is_token in tokens if is_token and text[0] in _LETTERS}
    shown = shifted(amounts, units)
    parts = []
    for text, is_token in tokens:
        unit = _LETTERS.get(text[0]) if is_token else None
        parts.append(text if unit is None else _padded(shown.get(unit, 0), len(text)))
    return "".join(parts)


def _padded(amount: float, digits: int) -> str:
    whole = math.floor(amount)
    return f"-{abs(whole):0{digits}d}" if whole < 0 else f"{whole:0{digits}d}"
