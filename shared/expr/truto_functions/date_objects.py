"""Dates as objects: every field that Luxon's have, which say all of the date."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.durations import IS_DURATION, amounts_of, iso_text
from shared.expr.truto_functions.javascript import is_number, text_of
from shared.expr.truto_functions.moment_formats import MONTHS, WEEKDAYS, WRITTEN
from shared.expr.truto_functions.moments import Moment
from shared.expr.truto_functions.zones import UTC_ZONE, zone_named

IS_DATE: Final = "isLuxonDateTime"
"""Tells a date among objects."""

_SETTABLE = {
    name.lower(): name
    for name in (
        [
            "year",
            "month",
            "day",
            "hour",
            "minute",
            "second",
            "millisecond",
            "weekYear",
            "weekNumber",
            "weekday",
            "ordinal",
        ]
    )
}


def date_object(moment: Moment) -> dict[str, Any]:
    """The date's own fields; where it is no date they are null."""
    fields = _calendar_fields(moment) | _zone_fields(moment)
    return (fields if moment.fault is None else dict.fromkeys(fields)) | {
        "isValid": moment.fault is None,
        "invalidReason": moment.fault,
        "invalidExplanation": moment.explanation,
        "locale": moment.locale,
        "numberingSystem": None,
        "outputCalendar": None,
        IS_DATE: True,
    }


def _calendar_fields(moment: Moment) -> dict[str, Any]:
    local = moment.local
    year, week, weekday = moment.week
    return {
        "year": local.year,
        "quarter": moment.quarter,
        "month": local.month,
        "day": local.day,
        "hour": local.hour,
        "minute": local.minute,
        "second": local.second,
        "millisecond": moment.millisecond,
        "weekYear": year,
        "weekNumber": week,
        "weekday": weekday,
        "ordinal": moment.ordinal,
        "monthShort": MONTHS[local.month - 1][:3],
        "monthLong": MONTHS[local.month - 1],
        "weekdayShort": WEEKDAYS[weekday - 1][:3],
        "weekdayLong": WEEKDAYS[weekday - 1],
        "daysInMonth": moment.days_in_month,
        "daysInYear": 366 if _is_leap(local.year) else 365,
        "weeksInWeekYear": datetime(year, 12, 28, tzinfo=UTC).isocalendar()[1],
        "isInLeapYear": _is_leap(local.year),
    }


def _zone_fields(moment: Moment) -> dict[str, Any]:
    short, long = moment.zone.names(moment.at)
    return {
        "offset": moment.offset_min,
        "offsetNameShort": short,
        "offsetNameLong": long,
        "zoneName": moment.zone.name,
        "isInDST": moment.zone.is_dst(moment.at),
        "isOffsetFixed": moment.zone.is_fixed,
        "zone": moment.zone.name,
    }


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def moment_of(given: Any) -> Moment:
    """The moment of a date's fields, of milliseconds, or of an object of units."""
    if is_number(given):
        return Moment().since(given)
    if not isinstance(given, Mapping):
        raise ExpressionError("INVALID_ARGUMENT", f"Unknown datetime argument: {text_of(given)}")
    if IS_DATE not in given:
        names = {field_of(name): value for name, value in given.items()}
        first = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
        return Moment().with_fields(first | names)
    if not given["isValid"]:
        return Moment(fault=given["invalidReason"], explanation=given["invalidExplanation"])
    clock = {name: given[name] for name in ("year", "month", "day", "hour", "minute", "second")}
    at = datetime(**clock, tzinfo=timezone(timedelta(minutes=given["offset"])))
    at += timedelta(milliseconds=given["millisecond"])
    zone = zone_named(given["zoneName"]) or UTC_ZONE
    zone = replace(zone, is_fixed=bool(given["isOffsetFixed"]))
    return Moment(at.astimezone(UTC), zone, locale=given["locale"])


def field_of(name: str) -> str:
    """A field that can be set, by its name in any form. Raises ExpressionError."""
    lower = name.lower()
    found = _SETTABLE.get(lower) or _SETTABLE.get(lower.removesuffix("s"))
    if found is None:
        raise ExpressionError("INVALID_UNIT", f"Invalid unit {name}")
    return found


def as_values(value: Any) -> Any:
    """A result with ISO texts in the place of dates and durations."""
    if isinstance(value, list):
        return [as_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(IS_DATE) is True and "isValid" in value:
        moment = moment_of(value)
        return None if moment.fault else WRITTEN["toISO"](moment, {})
    if value.get(IS_DURATION) is True:
        return iso_text(amounts_of(value))
    return {key: as_values(item) for key, item in value.items()}
