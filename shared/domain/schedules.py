"""A schedule, as written, and when it is due."""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim
from pydantic import Field

from shared.domain.values import Strict


class ScheduleKind(StrEnum):
    """How a schedule says its times."""

    MANUAL = "manual"
    INTERVAL = "interval"
    CRON = "cron"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ONCE = "once"


class Schedule(Strict):
    """When a schedule is due, as its ``value`` says in the words of its ``kind``.

    A cron line (five fields), an interval in seconds, ``HH:MM`` (daily), ``mon,wed HH:MM``
    (weekly), ``1,15 HH:MM`` (monthly: a month that has no such day is due on its last one), an
    instant (once). A manual schedule has no value and is never due.
    """

    kind: ScheduleKind
    value: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_EVERY_MONTH_DAY: Final = 28

_TIME: Final = r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)"
_WEEKDAY: Final = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_MONTHDAY: Final = r"(?:[1-9]|[12]\d|3[01])"
_FORMS: Final = MappingProxyType(
    {
        ScheduleKind.DAILY: re.compile(_TIME, re.ASCII),
        ScheduleKind.WEEKLY: re.compile(
            rf"(?P<days>{_WEEKDAY}(?:,{_WEEKDAY})*) +{_TIME}", re.ASCII | re.IGNORECASE
        ),
        ScheduleKind.MONTHLY: re.compile(
            rf"(?P<days>{_MONTHDAY}(?:,{_MONTHDAY})*) +{_TIME}", re.ASCII
        ),
    }
)


def is_calendar_value(kind: ScheduleKind, value: str) -> bool:
    """Whether ``value`` says the times of a daily, weekly or monthly schedule."""
    return _FORMS[kind].fullmatch(value) is not None


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time later than ``after``, in UTC; None: never again.

    A cron line is read in the schedule's zone, as Debian's cron does around changes of the clock,
    and so are days. An interval counts from 1970, so that every process finds the same times.
    """
    value = schedule.value or ""
    match schedule.kind:
        case ScheduleKind.MANUAL:
            return None
        case ScheduleKind.INTERVAL:
            every = timedelta(seconds=int(value))
            return _EPOCH + ((after - _EPOCH) // every + 1) * every
        case ScheduleKind.ONCE:
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
            return at if at > after else None
        case _:
            local = after.astimezone(ZoneInfo(schedule.timezone))
            found = next(_times(schedule.kind, value, local), None)
            return None if found is None else found.astimezone(UTC)


def _times(kind: ScheduleKind, value: str, local: datetime) -> Iterator[datetime]:
    """The times after ``local`` of a schedule that is a cron line or can be written as one."""
    if kind is ScheduleKind.CRON:
        return CronSim(value, local)
    said = _FORMS[kind].fullmatch(value)
    assert said is not None, "the definition was checked"
    at = f"{int(said['minute'])} {int(said['hour'])}"
    if kind is ScheduleKind.DAILY:
        return CronSim(f"{at} * * *", local)
    if kind is ScheduleKind.WEEKLY:
        return CronSim(f"{at} * * {said['days'].lower()}", local)
    days = {int(day) for day in said["days"].split(",")}
    line = f"{at} {said['days']},{_EVERY_MONTH_DAY}-31 * *"
    return (found for found in CronSim(line, local) if _is_on(found, days))


def _is_on(at: datetime, days: Collection[int]) -> bool:
    """Whether it is one of ``days``, or the last day of a month that has not all of them."""
    last = monthrange(at.year, at.month)[1]
    return at.day in days or (at.day == last < max(days))


def last_due(schedule: Schedule, first: datetime, now: datetime) -> datetime:
    """The latest due time up to ``now``; ``first`` is one, and those between are skipped."""
    last = first
    if now - first > _DAY and (recent := next_due(schedule, now - _DAY)) is not None:
        last = max(first, recent) if recent <= now else first
    while (later := next_due(schedule, last)) is not None and later <= now:
        last = later
    return last
