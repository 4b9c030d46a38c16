"""How a moment is written: by Luxon's tokens, and as the standards have it; in English."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.format_tokens import tokens_of
from shared.expr.truto_functions.moments import Moment
from shared.expr.truto_functions.zones import UTC_ZONE

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_MACROS = {
    "D": "M/d/yyyy",
    "DD": "MMM d, yyyy",
    "DDD": "MMMM d, yyyy",
    "DDDD": "EEEE, MMMM d, yyyy",
    "t": "h:mm\u202fa",
    "tt": "h:mm:ss\u202fa",
    "T": "HH:mm",
    "TT": "HH:mm:ss",
    "f": "M/d/yyyy, h:mm\u202fa",
    "ff": "MMM d, yyyy, h:mm\u202fa",
    "F": "M/d/yyyy, h:mm:ss\u202fa",
    "FF": "MMM d, yyyy, h:mm:ss\u202fa",
}
_RFC2822 = "EEE, dd LLL yyyy HH:mm:ss ZZZ"
_HTTP = "EEE, dd LLL yyyy HH:mm:ss 'GMT'"

Shown = Callable[[Moment], str]


def number(read: Callable[[Moment], int], digits: int = 1) -> Shown:
    """A number with at least so many digits."""
    return lambda moment: f"{read(moment):0{digits}d}"


def _month(length: int | None) -> Shown:
    return lambda moment: MONTHS[moment.local.month - 1][:length]


def _weekday(length: int | None) -> Shown:
    return lambda moment: WEEKDAYS[moment.week[2] - 1][:length]


def _hour12(moment: Moment) -> int:
    return moment.local.hour % 12 or 12


def offset_text(moment: Moment, form: str) -> str:
    """``narrow`` "+5:30", ``short`` "+05:30", ``techie`` "+0530"."""
    sign = "-" if moment.offset_min < 0 else "+"
    hours, minutes = divmod(abs(moment.offset_min), 60)
    match form:
        case "narrow":
            return f"{sign}{hours}{f':{minutes:02d}' if minutes else ''}"
        case "short":
            return f"{sign}{hours:02d}:{minutes:02d}"
        case _:
            return f"{sign}{hours:02d}{minutes:02d}"


_TOKENS: Mapping[str, Shown] = {
    "S": number(lambda m: m.millisecond),
    "u": number(lambda m: m.millisecond, 3),
    "SSS": number(lambda m: m.millisecond, 3),
    "s": number(lambda m: m.local.second),
    "ss": number(lambda m: m.local.second, 2),
    "uu": number(lambda m: m.millisecond // 10, 2),
    "uuu": number(lambda m: m.millisecond // 100),
    "m": number(lambda m: m.local.minute),
    "mm": number(lambda m: m.local.minute, 2),
    "h": number(_hour12),
    "hh": number(_hour12, 2),
    "H": number(lambda m: m.local.hour),
    "HH": number(lambda m: m.local.hour, 2),
    "Z": lambda m: offset_text(m, "narrow"),
    "ZZ": lambda m: offset_text(m, "short"),
    "ZZZ": lambda m: offset_text(m, "techie"),
    "ZZZZ": lambda m: m.zone.names(m.at)[0],
    "ZZZZZ": lambda m: m.zone.names(m.at)[1],
    "z": lambda m: m.zone.name,
    "a": lambda m: "AM" if m.local.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "d": number(lambda m: m.local.day),
    "dd": number(lambda m: m.local.day, 2),
    **{letter: number(lambda m: m.week[2]) for letter in "cE"},
    **{letter * 3: _weekday(3) for letter in "cE"},
    **{letter * 4: _weekday(None) for letter in "cE"},
    **{letter * 5: _weekday(1) for letter in "cE"},
    **{letter: number(lambda m: m.local.month) for letter in "LM"},
    **{letter * 2: number(lambda m: m.local.month, 2) for letter in "LM"},
    **{letter * 3: _month(3) for letter in "LM"},
    **{letter * 4: _month(None) for letter in "LM"},
    **{letter * 5: _month(1) for letter in "LM"},
    "y": number(lambda m: m.local.year),
    "yy": number(lambda m: m.local.year % 100, 2),
    "yyyy": number(lambda m: m.local.year, 4),
    "yyyyyy": number(lambda m: m.local.year, 6),
    "G": lambda _: "AD",
    "GG": lambda _: "Anno Domini",
    "GGGGG": lambda _: "A",
    "kk": number(lambda m: m.week[0] % 100, 2),
    "kkkk": number(lambda m: m.week[0], 4),
    "W": number(lambda m: m.week[1]),
    "WW": number(lambda m: m.week[1], 2),
    "o": number(lambda m: m.ordinal),
    "ooo": number(lambda m: m.ordinal, 3),
    "q": number(lambda m: m.quarter),
    "qq": number(lambda m: m.quarter, 2),
    "X": number(lambda m: m.ms // 1000),
    "x": number(lambda m: m.ms),
}


def formatted(moment: Moment, form: str) -> str:
    """By Luxon's tokens; a run of letters that stands for nothing is itself."""
    if moment.fault is not None:
        return "Invalid DateTime"
    return "".join(_shown(moment, text) if is_token else text for text, is_token in tokens_of(form))


def _shown(moment: Moment, token: str) -> str:
    if token in _TOKENS:
        return _TOKENS[token](moment)
    return formatted(moment, _MACROS[token]) if token in _MACROS else token


def iso_text(moment: Moment, options: Mapping[str, Any]) -> str:
    """ISO 8601, with milliseconds and offset."""
    return f"{iso_date(moment, options)}T{iso_time(moment, {**options, 'includePrefix': False})}"


def iso_date(moment: Moment, options: Mapping[str, Any]) -> str:
    """As "2024-11-05"."""
    return formatted(moment, "yyyyMMdd" if options.get("format") == "basic" else "yyyy-MM-dd")


def iso_time(moment: Moment, options: Mapping[str, Any]) -> str:
    """As "12:00:00.000Z"; options leave out what is zero."""
    is_basic = options.get("format") == "basic"
    colon = "" if is_basic else ":"
    text = formatted(moment, f"HH{colon}mm")
    has_ms = moment.millisecond or not options.get("suppressMilliseconds")
    if has_ms or moment.local.second or not options.get("suppressSeconds"):
        text += formatted(moment, f"{colon}ss{'.SSS' if has_ms else ''}")
    if options.get("includeOffset") is not False:
        if moment.zone.is_fixed and not moment.offset_min and not options.get("extendedZone"):
            text += "Z"
        else:
            text += offset_text(moment, "techie" if is_basic else "short")
        text += f"[{moment.zone.name}]" if options.get("extendedZone") else ""
    return f"T{text}" if options.get("includePrefix") else text


def iso_week_date(moment: Moment, _options: Mapping[str, Any]) -> str:
    """As "2024-W45-2"."""
    return formatted(moment, "kkkk-'W'WW-c")


def sql_text(moment: Moment, options: Mapping[str, Any]) -> str:
    """As "2024-11-05 12:00:00.000 Z"."""
    return f"{formatted(moment, 'yyyy-MM-dd')} {sql_time(moment, options)}"


def sql_time(moment: Moment, options: Mapping[str, Any]) -> str:
    """As "12:00:00.000 Z", or with the zone's name."""
    form = "HH:mm:ss.SSS"
    if options.get("includeZone") or options.get("includeOffset") is not False:
        form += "" if options.get("includeOffsetSpace") is False else " "
        if options.get("includeZone"):
            form += "z"
        elif moment.zone.is_fixed and not moment.offset_min:
            form += "'Z'"
        else:
            form += "ZZ"
    return formatted(moment, form)


def locale_text(moment: Moment, options: Mapping[str, Any]) -> str:
    """As in the United States: "11/5/2024"; no options are known."""
    if options:
        message = "toLocaleString takes no options here; write the date by toFormat."
        raise ExpressionError("UNKNOWN_OPTION", message)
    return formatted(moment, _MACROS["D"])


WRITTEN: Final[Mapping[str, Callable[[Moment, Mapping[str, Any]], str]]] = {
    "toISO": iso_text,
    "toISODate": iso_date,
    "toISOTime": iso_time,
    "toISOWeekDate": iso_week_date,
    "toRFC2822": lambda moment, _: formatted(moment, _RFC2822),
    "toHTTP": lambda moment, _: formatted(moment.in_zone(UTC_ZONE), _HTTP),
    "toSQL": sql_text,
    "toSQLDate": lambda moment, _: formatted(moment, "yyyy-MM-dd"),
    "toSQLTime": sql_time,
    "toLocaleString": locale_text,
    "toJSDate": lambda moment, _: iso_text(moment.in_zone(UTC_ZONE), {}),
}
"""A date's methods that write it, given their options."""
