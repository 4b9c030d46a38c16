"""Reads moments from texts: ISO 8601, RFC 2822, and Luxon's formats; in English."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.format_tokens import tokens_of
from shared.expr.truto_functions.moment_formats import MONTHS, WEEKDAYS
from shared.expr.truto_functions.moments import Moment
from shared.expr.truto_functions.zones import UTC_ZONE, Zone, fixed_zone, zone_named

TEXT_CHARS_MAX = 300
_ISO = re.compile(
    r"""(?:(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d))?)?
    |(?P<week_year>\d{4})-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?
    |(?P<ordinal_year>\d{4})-?(?P<ordinal>\d{3}))?
    (?:(?:^|T)(?P<hour>\d\d)(?::?(?P<minute>\d\d)
    (?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,30}))?)?)?
    (?:(?P<utc>Z)|(?P<offset>[+-]\d\d(?::?\d\d)?))?(?:\[(?P<zone>[A-Za-z_+-/]{1,256})\])?)?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_RFC2822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s)?(\d{1,2})\s([A-Z][a-z]{2})\s(\d{2,4})\s(\d\d):(\d\d)"
    r"(?::(\d\d))?\s(?:(UT|GMT|[ECMP][SD]T|Z|z)|([+-]\d\d)(\d\d))",
    re.ASCII,
)
_HOURS = {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
_HOURS_A_DAY: Final = 24

Numbers = dict[str, int]


def from_iso_text(text: Any, zone: Zone) -> Moment:
    """A moment in ``zone``; one with a fault where the text is not ISO 8601."""
    found = _ISO.fullmatch(text) if isinstance(text, str) and len(text) <= TEXT_CHARS_MAX else None
    if found is None or not text:
        return _unparsable(text, "ISO 8601", zone)
    part = found.groupdict()
    fields = {name: int(part[name]) for name in ("year", "month", "day") if part[name]}
    if part["week_year"]:
        fields = {"weekYear": int(part["week_year"]), "weekNumber": int(part["week"])}
        fields["weekday"] = int(part["weekday"] or 1)
    if part["ordinal"]:
        fields = {"year": int(part["ordinal_year"]), "ordinal": int(part["ordinal"])}
    clock = {name: int(part[name]) for name in ("hour", "minute", "second") if part[name]}
    clock["millisecond"] = int(((part["fraction"] or "") + "000")[:3])
    written = zone
    if part["zone"]:
        written = zone_named(part["zone"]) or zone
    elif part["utc"] or part["offset"]:
        written = fixed_zone(_minutes(part["offset"] or "+00"))
    return _made(fields | clock, written, zone)


def _minutes(offset: str) -> int:
    digits = offset[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return -minutes if offset[0] == "-" else minutes


def from_rfc2822(text: Any, zone: Zone) -> Moment:
    """As in the heads of mails."""
    found = _RFC2822.fullmatch(" ".join(text.split())) if _is_short(text) else None
    if found is None:
        return _unparsable(text, "RFC 2822", zone)
    day, month, year, hour, minute, second, named, hours, minutes = found.groups()
    full_year = int(year) + (0 if len(year) > 2 else 2000 if int(year) <= 60 else 1900)  # noqa: PLR2004
    short = [name[:3] for name in MONTHS]
    if month not in short:
        return _unparsable(text, "RFC 2822", zone)
    offset = _HOURS.get(named, 0) * 60 if named else _minutes(f"{hours}{minutes}")
    fields = {"year": full_year, "month": short.index(month) + 1, "day": int(day)}
    clock = {"hour": int(hour), "minute": int(minute), "second": int(second or 0)}
    return _made(fields | clock, fixed_zone(offset), zone)


def _is_short(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= TEXT_CHARS_MAX


Read = tuple[str, str, Callable[[str], int]]
"""A pattern, the field it fills, and how."""


def _names(names: tuple[str, ...], length: int | None, field: str) -> Read:
    lower = [name[:length].lower() for name in names]
    return f"({'|'.join(lower)})", field, lambda text: lower.index(text.lower()) + 1


def _year2(text: str) -> int:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004 - a full year
        return year
    return year + (2000 if year <= 60 else 1900)  # noqa: PLR2004 - Luxon's turning point


def _fraction(text: str) -> int:
    return int((text + "00")[:3])


def _offset(text: str) -> int:
    hours, _, minutes = text[1:].partition(":")
    total = int(hours) * 60 + int(minutes or 0)
    return -total if text[0] == "-" else total


_READS: Final[dict[str, Read]] = {
    "y": (r"(\d{1,6})", "year", int),
    "yy": (r"(\d{2,4})", "year", _year2),
    "yyyy": (r"(\d{4})", "year", int),
    "yyyyy": (r"(\d{4,6})", "year", int),
    "yyyyyy": (r"(\d{6})", "year", int),
    **dict.fromkeys("ML", (r"(\d{1,2})", "month", int)),
    **{letter * 2: (r"(\d{2})", "month", int) for letter in "ML"},
    **{letter * 3: _names(MONTHS, 3, "month") for letter in "ML"},
    **{letter * 4: _names(MONTHS, None, "month") for letter in "ML"},
    "d": (r"(\d{1,2})", "day", int),
    "dd": (r"(\d{2})", "day", int),
    "o": (r"(\d{1,3})", "ordinal", int),
    "ooo": (r"(\d{3})", "ordinal", int),
    **{letter: (r"(\d{1,2})", name, int) for letter, name in (("H", "hour"), ("h", "hour12"))},
    **{letter: (r"(\d{2})", name, int) for letter, name in (("HH", "hour"), ("hh", "hour12"))},
    "m": (r"(\d{1,2})", "minute", int),
    "mm": (r"(\d{2})", "minute", int),
    "s": (r"(\d{1,2})", "second", int),
    "ss": (r"(\d{2})", "second", int),
    "S": (r"(\d{1,3})", "millisecond", int),
    "SSS": (r"(\d{3})", "millisecond", int),
    "u": (r"(\d{1,9})", "millisecond", _fraction),
    "uu": (r"(\d{1,2})", "millisecond", _fraction),
    "uuu": (r"(\d)", "millisecond", _fraction),
    "q": (r"(\d{1,2})", "quarter", int),
    "qq": (r"(\d{2})", "quarter", int),
    "a": ("(am|pm)", "afternoon", lambda text: int(text.lower() == "pm")),
    "kkkk": (r"(\d{4})", "weekYear", int),
    "kk": (r"(\d{2,4})", "weekYear", _year2),
    "W": (r"(\d{1,2})", "weekNumber", int),
    "WW": (r"(\d{2})", "weekNumber", int),
    **dict.fromkeys("Ec", (r"(\d)", "weekday", int)),
    **{letter * 3: _names(WEEKDAYS, 3, "weekday") for letter in "Ec"},
    **{letter * 4: _names(WEEKDAYS, None, "weekday") for letter in "Ec"},
    **dict.fromkeys(("Z", "ZZ"), (r"([+-]\d{1,2}(?::\d{2})?)", "offset", _offset)),
    "ZZZ": (r"([+-]\d{2}(?:\d{2})?)", "offset", _minutes),
}


def from_format(text: Any, form: str, zone: Zone) -> Moment:
    """By Luxon's tokens."""
    tokens = list(tokens_of(form))
    named: list[str] = []
    pattern = "".join(_pattern(token, named, is_token=is_token) for token, is_token in tokens)
    found = re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII) if _is_short(text) else None
    if found is None:
        return _unparsable(text, f"format {form}", zone)
    fields: Numbers = {}
    written = zone
    for token, part in zip(named, found.groups(), strict=True):
        if token == "z":  # noqa: S105 - a letter of a format
            named_zone = zone_named(part)
            if named_zone is None:
                return replace(_unparsable(text, form, zone), fault="unsupported zone")
            written = named_zone
            continue
        _, name, read = _READS[token]
        fields[name] = read(part)
    if "offset" in fields:
        written = fixed_zone(fields.pop("offset"))
    return _made(dict(_clocked(fields)), written, zone)


def _pattern(token: str, named: list[str], *, is_token: bool) -> str:
    if is_token and (token in _READS or token == "z"):  # noqa: S105 - a letter of a format
        named.append(token)
        return r"([a-z_+\-/]{1,256}?)" if token == "z" else _READS[token][0]  # noqa: S105
    return re.escape(token)


def _clocked(fields: Numbers) -> Iterator[tuple[str, int]]:
    """The fields with the hour of a day and the month of a quarter."""
    for name, value in fields.items():
        if name == "hour12":
            has_half = "afternoon" in fields
            yield "hour", value % 12 + 12 * fields["afternoon"] if has_half else value
        elif name == "quarter":
            yield "month", (value - 1) * 3 + 1
        elif name != "afternoon":
            yield name, value


def _made(fields: Numbers, written: Zone, zone: Zone) -> Moment:
    """The moment that the written zone's clocks show, seen in ``zone``."""
    start = Moment(datetime(2000, 1, 1, tzinfo=UTC), UTC_ZONE)
    if fault := _out_of_range(fields):
        return Moment(zone=zone, fault="unit out of range", explanation=fault)
    if "weekNumber" in fields or "weekYear" in fields:
        fields = {"weekYear": 1970, "weekNumber": 1, "weekday": 1} | fields
    else:
        fields.pop("weekday", None)
    days_over, hour = divmod(fields.get("hour", 0), _HOURS_A_DAY)
    clock = {"minute": 0, "second": 0, "millisecond": 0}
    try:
        local = start.with_fields({**clock, **fields, "hour": hour}).local.replace(tzinfo=None)
        if fields.get("day", local.day) != local.day:  # the 30th of February
            return Moment(zone=zone, fault="unit out of range", explanation=_said(fields, "day"))
        shown = Moment(zone=written).shown_as(local + timedelta(days=days_over))
    except (ValueError, OverflowError, ExpressionError):
        return Moment(zone=zone, fault="unit out of range")
    return shown.in_zone(zone)


_LEAST_AND_MOST = {
    "year": (1, 9999),
    "weekYear": (1, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "ordinal": (1, 366),
    "weekNumber": (1, 53),
    "weekday": (1, 7),
    "hour": (0, 24),
    "minute": (0, 59),
    "second": (0, 59),
}


def _out_of_range(fields: Numbers) -> str | None:
    for name, value in fields.items():
        least, most = _LEAST_AND_MOST.get(name, (0, 999))
        if not least <= value <= most:
            return _said(fields, name)
    return None


def _said(fields: Numbers, name: str) -> str:
    return f"you specified {fields[name]} (of type number) as a {name}, which is invalid"


def _unparsable(text: Any, form: str, zone: Zone) -> Moment:
    explanation = f'the input "{str(text)[:100]}" can\'t be parsed as {form}'
    return Moment(zone=zone, fault="unparsable", explanation=explanation)
