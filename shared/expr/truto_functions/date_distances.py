"""How far two moments are from each other, in units of the calendar and in words."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from shared.expr.truto_functions.durations import Amounts, added, negated, shifted, unit_of
from shared.expr.truto_functions.javascript import as_list
from shared.expr.truto_functions.moments import Moment

_CLOCK_UNITS = ("hours", "minutes", "seconds", "milliseconds")
_RELATIVE = ("years", "months", "days", "hours", "minutes", "seconds")
_CALENDAR = ("years", "months", "days")


def difference(later: Moment, earlier: Moment, given: list[Any]) -> Amounts:
    """How long after ``earlier`` it is, in the units asked for; milliseconds if none are."""
    asked = given[0] if given else None
    listed = asked if isinstance(asked, list) else ["milliseconds"] if asked is None else [asked]
    units = [unit_of(unit) for unit in listed]
    if later.at < earlier.at:
        return negated(_between(later, earlier, units))
    return _between(earlier, later, units)


def _between(start: Moment, end: Moment, units: list[str]) -> Amounts:
    whole: Amounts = {}
    cursor = start
    for unit, count in _COUNTS.items():
        if unit in units:
            whole[unit] = count(cursor, end)
            while (cursor := start.plus(whole)).at > end.at:
                whole[unit] -= 1
    rest_ms = (end.at - cursor.at) / timedelta(milliseconds=1)
    if clock := [unit for unit in _CLOCK_UNITS if unit in units]:
        return added(shifted({"milliseconds": rest_ms}, clock), whole)
    if whole and rest_ms:
        last = next(reversed(whole))
        beyond = start.plus(whole | {last: whole[last] + 1})
        whole[last] += rest_ms / ((beyond.at - cursor.at) / timedelta(milliseconds=1))
    return whole


def _days(one: Moment, other: Moment) -> int:
    return (other.local.date() - one.local.date()).days


_COUNTS: Mapping[str, Callable[[Moment, Moment], int]] = {
    "years": lambda one, other: other.local.year - one.local.year,
    "quarters": lambda one, other: (
        other.quarter - one.quarter + 4 * (other.local.year - one.local.year)
    ),
    "months": lambda one, other: (
        other.local.month - one.local.month + 12 * (other.local.year - one.local.year)
    ),
    "weeks": lambda one, other: _days(one, other) // 7,
    "days": _days,
}


def relative_text(moment: Moment, base: Moment, unit: Any) -> str:
    """As "in 2 days", in the longest unit that is full, or in the one asked for."""
    for one in _asked(unit, _RELATIVE):
        count = math.trunc(difference(moment, base, [one])[one])
        if count:
            break
    return _counted(count, one, is_past=moment.at < base.at)


def calendar_text(moment: Moment, base: Moment, unit: Any) -> str:
    """As "tomorrow", by the days, months and years of the calendar."""
    for one in _asked(unit, _CALENDAR):
        count = math.trunc(difference(moment.start_of(one), base.start_of(one), [one])[one])
        if count:
            break
    named = _CALENDAR_WORDS.get(f"{count} {one}")
    return named or _counted(count, one, is_past=moment.at < base.at)


def _asked(unit: Any, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unit_of(one) for one in as_list(unit)) or otherwise


_CALENDAR_WORDS = {
    "0 days": "today",
    "1 days": "tomorrow",
    "-1 days": "yesterday",
    **{
        f"{count} {unit}": f"{word} {unit.removesuffix('s')}"
        for unit in ("years", "quarters", "months", "weeks")
        for count, word in ((0, "this"), (1, "next"), (-1, "last"))
    },
}


def _counted(count: int, unit: str, *, is_past: bool) -> str:
    shown = f"{abs(count)} {unit.removesuffix('s') if abs(count) == 1 else unit}"
    return f"{shown} ago" if is_past else f"in {shown}"
