"""Instants in a time zone, with the calendar of the library Luxon."""

import calendar
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.durations import UNITS, Amounts, milliseconds, negated
from shared.expr.truto_functions.zones import LOCAL_ZONE, Zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_CLOCK = ("hour", "minute", "second", "millisecond")
_FIRST = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
_WEEK = ("weekYear", "weekNumber", "weekday")
_DATE = ("year", "month", "day")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as a zone's clocks show it; one with a ``fault`` is no date at all."""

    at: datetime = _EPOCH
    zone: Zone = LOCAL_ZONE
    fault: str | None = None
    explanation: str | None = None
    locale: str = "en-US"
    local: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "local", self.at.astimezone(self.zone.rules))

    @property
    def ms(self) -> int:
        """Milliseconds since 1970."""
        return (self.at - _EPOCH) // _MS

    @property
    def millisecond(self) -> int:
        """Of its second."""
        return self.local.microsecond // 1000

    @property
    def quarter(self) -> int:
        """From 1 to 4."""
        return (self.local.month + 2) // 3

    @property
    def ordinal(self) -> int:
        """The day of the year, from 1 on."""
        return self.local.timetuple().tm_yday

    @property
    def week(self) -> tuple[int, int, int]:
        """ISO's year, week and weekday."""
        return self.local.isocalendar()

    @property
    def offset_min(self) -> int:
        """Minutes ahead of UTC."""
        return self.zone.offset_min(self.at)

    @property
    def days_in_month(self) -> int:
        """28 to 31."""
        return calendar.monthrange(self.local.year, self.local.month)[1]

    def since(self, at_ms: float) -> "Moment":
        """The same zone, another instant. Raises ExpressionError beyond the years 1 to 9999."""
        try:
            at = _EPOCH + math.floor(at_ms) * _MS
            return replace(self, at=at)
        except (OverflowError, ValueError) as error:
            raise _beyond() from error

    def shown_as(self, local: datetime) -> "Moment":
        """The instant when the zone's clocks show ``local``, the first of two."""
        try:
            return replace(self, at=local.replace(tzinfo=self.zone.rules).astimezone(UTC))
        except (OverflowError, ValueError) as error:
            raise _beyond() from error

    def plus(self, amounts: Amounts) -> "Moment":
        """Later by whole units of the calendar, then by the rest as a length of time."""
        whole = {unit: math.trunc(amounts.get(unit, 0)) for unit in UNITS[:5]}
        rest = {unit: amount - whole.get(unit, 0) for unit, amount in amounts.items()}
        local = self.local.replace(tzinfo=None)
        local = _in_month(local, local.year + whole["years"], _months(local, whole))
        try:
            local += timedelta(days=whole["days"] + 7 * whole["weeks"])
        except OverflowError as error:
            raise _beyond() from error
        there = self if local == self.local.replace(tzinfo=None) else self.shown_as(local)
        rest_ms = milliseconds(rest)
        return there.since(there.ms + rest_ms) if rest_ms else there

    def minus(self, amounts: Amounts) -> "Moment":
        """Earlier."""
        return self.plus(negated(amounts))

    def with_fields(self, given: Mapping[str, int]) -> "Moment":
        """Some fields set anew: of a date, of ISO's weeks, or the ordinal."""
        local = self.local.replace(tzinfo=None)
        if any(name in given for name in _WEEK):
            year, week, weekday = (given.get(n, o) for n, o in zip(_WEEK, self.week, strict=True))
            date = datetime.fromisocalendar(int(year), 1, 1)
            date += timedelta(weeks=week - 1, days=weekday - 1)
        elif "ordinal" in given:
            date = datetime(int(given.get("year", local.year)), 1, 1)  # noqa: DTZ001 - of no zone
            date += timedelta(days=given["ordinal"] - 1)
        else:
            year, month = given.get("year", local.year), given.get("month", local.month)
            date = _in_month(local, int(year), int(month))
            date += timedelta(days=given.get("day", date.day) - date.day)
        clock = {name: given.get(name, getattr(self.local, name, 0)) for name in _CLOCK[:3]}
        clock["millisecond"] = given.get("millisecond", self.millisecond)
        midnight = datetime(date.year, date.month, date.day)  # noqa: DTZ001 - of no zone
        return self.shown_as(midnight + timedelta(**{f"{n}s": v for n, v in clock.items()}))

    def start_of(self, unit: str) -> "Moment":
        """The first instant of its year, quarter, month, week, day, hour, minute or second."""
        if unit == "weeks":
            return self.with_fields({"weekday": 1, **dict.fromkeys(_CLOCK, 0)})
        first = dict(_FIRST)
        if unit == "quarters":
            return self.with_fields(first | {"month": self.quarter * 3 - 2})
        kept = (*_DATE, *_CLOCK)[: (*_DATE, *_CLOCK).index(unit.removesuffix("s")) + 1]
        return self.with_fields({name: value for name, value in first.items() if name not in kept})

    def end_of(self, unit: str) -> "Moment":
        """The last millisecond of it."""
        return self.plus({unit: 1}).start_of(unit).minus({"milliseconds": 1})

    def in_zone(self, zone: Zone, *, keeps_local_time: bool = False) -> "Moment":
        """The same instant in another zone; or the instant when its clocks show the same."""
        there = replace(self, zone=zone)
        return there.shown_as(self.local.replace(tzinfo=None)) if keeps_local_time else there


def _months(local: datetime, whole: Mapping[str, int]) -> int:
    return local.month + whole["months"] + whole["quarters"] * 3


def _in_month(local: datetime, year: int, month: int) -> datetime:
    """The same day and time of a month that may lie outside the year; at most its last day."""
    years, index = divmod(month - 1, 12)
    year += years
    if not 1 <= year <= 9999:  # noqa: PLR2004 - the years of datetime
        raise _beyond()
    day = min(local.day, calendar.monthrange(year, index + 1)[1])
    return local.replace(year=year, month=index + 1, day=day)


def _beyond() -> ExpressionError:
    return ExpressionError("DATE_OUT_OF_RANGE", "A date is in the years 1 to 9999.")
