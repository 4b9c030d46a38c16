"""Dates as expressions have them: objects of fields, whose methods ask ``date_call``.

A date's fields say all of it, so a method gets them back as they are.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.date_distances import calendar_text, difference, relative_text
from shared.expr.truto_functions.date_objects import date_object, field_of, moment_of
from shared.expr.truto_functions.durations import amounts_of, duration_object, unit_of
from shared.expr.truto_functions.javascript import parsed_float, text_of, tidy
from shared.expr.truto_functions.moment_formats import WRITTEN, formatted
from shared.expr.truto_functions.moment_texts import from_format, from_iso_text, from_rfc2822
from shared.expr.truto_functions.moments import Moment
from shared.expr.truto_functions.zones import LOCAL_ZONE, UTC_ZONE, zone_named


def from_iso(text: Any) -> Moment:
    """ISO 8601, in UTC where it says no zone."""
    return from_iso_text(text, LOCAL_ZONE)


def dt_from_iso(text: Any = None, zone: Any = None) -> dict[str, Any]:
    """``$dtFromIso``; what is no date has ``isValid`` false."""
    moment = from_iso(text)
    return date_object(_moved(moment, zone) if zone else moment)


def dt_from_format(text: Any = None, form: Any = None, options: Any = None) -> dict[str, Any]:
    """``$dtFromFormat``: by Luxon's tokens, RFC2822, ISO or fromSeconds."""
    asked = (options or {}).get("zone")
    zone = zone_named(asked)
    if zone is None:
        return date_object(_unsupported(asked))
    match form:
        case "RFC2822":
            return date_object(from_rfc2822(text, zone))
        case "ISO":
            return date_object(from_iso_text(text, zone))
        case "fromSeconds":
            seconds = parsed_float(text)
            if not math.isfinite(seconds):
                detail = "fromSeconds requires a numerical input"
                return date_object(Moment(fault="unparsable", explanation=detail))
            return date_object(Moment(zone=zone).since(math.trunc(seconds) * 1000))
        case _:
            return date_object(from_format(text, text_of(form), zone))


def _unsupported(zone: Any) -> Moment:
    explanation = f'the zone "{text_of(zone)[:100]}" is not supported'
    return Moment(fault="unsupported zone", explanation=explanation)


def _moved(moment: Moment, zone: Any) -> Moment:
    if moment.fault is not None:
        return moment
    named = zone_named(zone)
    return _unsupported(zone) if named is None else moment.in_zone(named)


def date_call(date: Any, asked: str, now_ms: float, *given: Any) -> Any:
    """What one of a date's methods answers; of what is no date, null or itself."""
    moment = moment_of(date)
    if asked in _CHANGED:
        return date_object(moment if moment.fault else _CHANGED[asked](moment, list(given)))
    if moment.fault is not None:
        return _OF_NO_DATE.get(asked)
    return _ANSWERED[asked](moment, list(given), now_ms)


_OF_NO_DATE = {"hasSame": False, "equals": False, "toFormat": "Invalid DateTime"}


def _zone_changed(moment: Moment, given: list[Any]) -> Moment:
    zone = zone_named(given[0] if given else None)
    keeps = len(given) > 1 and bool((given[1] or {}).get("keepLocalTime"))
    return _unsupported(given[0]) if zone is None else moment.in_zone(zone, keeps_local_time=keeps)


def _set(moment: Moment, given: list[Any]) -> Moment:
    return moment.with_fields({field_of(name): int(value) for name, value in given[0].items()})


def _localised(moment: Moment, given: list[Any]) -> Moment:
    asked = given[0] if given else None
    locale = asked.get("locale") if isinstance(asked, Mapping) else asked
    if locale is not None and not text_of(locale).startswith("en"):
        raise ExpressionError("UNKNOWN_OPTION", "Dates are written in English only.")
    return replace(moment, locale=locale or moment.locale)


_CHANGED: Mapping[str, Callable[[Moment, list[Any]], Moment]] = {
    "plus": lambda moment, given: moment.plus(amounts_of(given[0])),
    "minus": lambda moment, given: moment.minus(amounts_of(given[0])),
    "set": _set,
    "startOf": lambda moment, given: moment.start_of(unit_of(given[0])),
    "endOf": lambda moment, given: moment.end_of(unit_of(given[0])),
    "setZone": _zone_changed,
    "setLocale": _localised,
    "reconfigure": _localised,
    "toUTC": lambda moment, _: moment.in_zone(UTC_ZONE),
    "toLocal": lambda moment, _: moment.in_zone(LOCAL_ZONE),
}


def _has_same(moment: Moment, other: Moment, given: list[Any]) -> bool:
    unit = unit_of(given[0] if given[0] is not None else "millisecond")
    there = moment.in_zone(other.zone, keeps_local_time=True)
    return there.start_of(unit).at <= other.at <= there.end_of(unit).at


def _equals(moment: Moment, other: Moment, _given: list[Any]) -> bool:
    return moment.at == other.at and moment.zone == other.zone and moment.locale == other.locale


def _until(moment: Moment, other: Moment, _given: list[Any]) -> dict[str, Any]:
    return {"start": date_object(moment), "end": date_object(other)}


_Answer = Callable[[Moment, list[Any], float], Any]


def _compared(compare: Callable[[Moment, Moment, list[Any]], Any]) -> _Answer:
    return lambda moment, given, _: compare(moment, moment_of(given[0]), given[1:])


def _written(write: Callable[[Moment, Mapping[str, Any]], str]) -> _Answer:
    return lambda moment, given, _: write(moment, given[0] or {})


def _relative(tell: Callable[[Moment, Moment, Any], str]) -> _Answer:
    def answer(moment: Moment, given: list[Any], now_ms: float) -> str:
        options = given[0] or {}
        base = options.get("base")
        start = moment_of(now_ms if base is None else base).in_zone(moment.zone)
        return tell(moment, start, options.get("unit"))

    return answer


_ANSWERED: Mapping[str, _Answer] = {
    **{name: _written(write) for name, write in WRITTEN.items()},
    "toFormat": lambda moment, given, _: formatted(moment, text_of(given[0])),
    "diff": _compared(lambda one, other, units: duration_object(difference(one, other, units))),
    "hasSame": _compared(_has_same),
    "equals": _compared(_equals),
    "until": _compared(_until),
    "diffNow": lambda moment, given, now_ms: duration_object(
        difference(moment, moment_of(now_ms), given)
    ),
    "toRelative": _relative(relative_text),
    "toRelativeCalendar": _relative(calendar_text),
    "toMillis": lambda moment, _, __: moment.ms,
    "valueOf": lambda moment, _, __: moment.ms,
    "toSeconds": lambda moment, _, __: tidy(moment.ms / 1000),
    "toUnixInteger": lambda moment, _, __: moment.ms // 1000,
}
