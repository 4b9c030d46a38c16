"""A schedule, as written: when it is due, and what happens when it is late or under way."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from shared.domain.values import DAY_S, Strict

CATCH_UP_MAX: Final = 100
"""So many missed times are made up for at most."""

_CATCH_UP: Final = 10

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Intervals count from here, so that every process finds the same times."""

LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC)
"""Nothing is due from here on: what is a day or a year later is still a time."""


class ScheduleKind(StrEnum):
    """How a schedule says its times."""

    MANUAL = "manual"
    INTERVAL = "interval"
    CRON = "cron"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ONCE = "once"


class CatchUp(StrEnum):
    """Which of the times that came while nobody looked are made up for."""

    SKIP = "skip"
    LAST = "last"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a time that comes while the execution of the one before is under way.

    ``skip``: it is passed over. ``queue``: it waits for the end; one at most does, others are
    passed over. ``cancel``: the execution under way is told to end, and the new one starts.
    """

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


Instant = Annotated[AwareDatetime, Field(ge=EPOCH, lt=LATEST)]


class Schedule(Strict):
    """When a schedule is due, as its ``value`` says in the words of its ``kind``.

    A cron line, an interval (``300``, ``5 minutes``), ``HH:MM`` (daily), ``mon,wed HH:MM``
    (weekly), ``1,15 HH:MM`` (monthly: a month that has no such day is due on its last one), an
    instant (once). A manual schedule has no value and is never due. It is due from ``starts_at`` to
    ``ends_at``, both included, and each time starts up to ``jitter_s`` later, always as much later.

    What says the default is not written, so that the text of a schedule stays what it was before
    there was more to say.
    """

    kind: ScheduleKind
    value: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"
    starts_at: Instant | None = Field(default=None, exclude_if=lambda at: at is None)
    ends_at: Instant | None = Field(default=None, exclude_if=lambda at: at is None)
    jitter_s: float = Field(
        default=0.0, ge=0.0, le=DAY_S, allow_inf_nan=False, exclude_if=lambda s: s == 0.0
    )
    catch_up: CatchUp = Field(default=CatchUp.LAST, exclude_if=lambda which: which is CatchUp.LAST)
    catch_up_max: int = Field(
        default=_CATCH_UP, ge=1, le=CATCH_UP_MAX, exclude_if=lambda n: n == _CATCH_UP
    )
    overlap: Overlap = Field(default=Overlap.ALLOW, exclude_if=lambda o: o is Overlap.ALLOW)


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
_INTERVAL: Final = re.compile(
    r"(?P<count>\d{1,9})(?: +(?P<unit>second|minute|hour|day|week)s?)?", re.ASCII | re.IGNORECASE
)
_UNITS_S: Final = MappingProxyType(
    {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 7 * 86_400}
)
_ALIASES: Final = MappingProxyType(
    {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
)


def read_calendar(kind: ScheduleKind, value: str) -> re.Match[str] | None:
    """A daily, weekly or monthly ``value``: its hour, minute and days; None: it is none."""
    return _FORMS[kind].fullmatch(value)


def read_interval(value: str) -> int | None:
    """The seconds of an interval: ``300``, ``5 minutes``; None: it is none."""
    said = _INTERVAL.fullmatch(value.strip())
    return (
        None if said is None else int(said["count"]) * _UNITS_S[(said["unit"] or "second").lower()]
    )


def read_cron(line: str) -> str:
    """The fields that a cron line stands for: itself, or those of its alias."""
    return _ALIASES.get(line.strip().lower(), line)
