"""Times as authors write them: schedules, zones and instants."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from shared.domain.errors import Problem
from shared.domain.schedules import (
    LATEST,
    Schedule,
    ScheduleKind,
    read_calendar,
    read_cron,
    read_interval,
)
from shared.domain.values import WAIT_S_MAX

INTERVAL_S_MIN: Final = 60

_CRON_FIELDS: Final = (5, 6)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_EXAMPLES: Final = MappingProxyType(
    {
        ScheduleKind.DAILY: "06:30",
        ScheduleKind.WEEKLY: "mon,wed 06:30",
        ScheduleKind.MONTHLY: "1,15 06:30",
    }
)
_AROUND: Final = datetime(2000, 1, 1, tzinfo=UTC)


def schedule_problems(schedule: Schedule, pointer: str) -> Iterator[Problem]:
    """What keeps a schedule, found at ``pointer``, from being due."""
    value, place = schedule.value or "", f"{pointer}/value"
    match schedule.kind:
        case ScheduleKind.MANUAL:
            yield from _manual_problems(schedule.value, place)
        case ScheduleKind.CRON:
            yield from _cron_problems(value, place)
        case ScheduleKind.INTERVAL:
            yield from _interval_problems(value, place)
        case ScheduleKind.ONCE:
            yield from _once_problems(value, place)
        case _:
            yield from _calendar_problems(schedule.kind, value, place)
    if not _is_zone(schedule.timezone):
        detail = "Name a zone of the IANA database, such as 'Europe/Berlin' or 'UTC'."
        yield Problem(pointer=f"{pointer}/timezone", code="UNKNOWN_TIMEZONE", detail=detail)
    if schedule.starts_at and schedule.ends_at and schedule.ends_at < schedule.starts_at:
        detail = "It ends before it starts; let 'ends_at' be later than 'starts_at'."
        yield Problem(pointer=f"{pointer}/ends_at", code="INVALID_SPAN", detail=detail)


def instant_problems(text: str, pointer: str) -> Iterator[Problem]:
    """What keeps a text from being an instant."""
    try:
        # One at the ends of the calendar may be none in UTC.
        is_instant = bool(
            _INSTANT.fullmatch(text) and datetime.fromisoformat(text.upper()).astimezone(UTC)
        )
    except (ValueError, OverflowError):
        is_instant = False
    if not is_instant:
        detail = "Write an instant with its zone (RFC 3339), such as 2026-11-22T10:00:00Z."
        yield Problem(pointer=pointer, code="INVALID_TIME", detail=detail)


def _manual_problems(value: str | None, pointer: str) -> Iterator[Problem]:
    if value is not None:
        detail = "A manual schedule is never due: leave its value out, or choose another kind."
        yield Problem(pointer=pointer, code="MISPLACED_VALUE", detail=detail)


def _once_problems(value: str, pointer: str) -> Iterator[Problem]:
    if problems := list(instant_problems(value, pointer)):
        yield from problems
    elif datetime.fromisoformat(value.upper()) >= LATEST:
        detail = f"That is too far away; name an instant before the year {LATEST.year}."
        yield Problem(pointer=pointer, code="INVALID_TIME", detail=detail)


def _calendar_problems(kind: ScheduleKind, value: str, pointer: str) -> Iterator[Problem]:
    if read_calendar(kind, value) is None:
        detail = f"Not the times of a {kind} schedule; write them as '{_EXAMPLES[kind]}'."
        yield Problem(pointer=pointer, code="INVALID_SCHEDULE", detail=detail)


def _cron_problems(value: str, pointer: str) -> Iterator[Problem]:
    fault, line = None, read_cron(value)
    try:
        if len(line.split()) not in _CRON_FIELDS:
            fault = "it has five fields, or six with seconds first, or is an alias such as @daily"
        elif next(CronSim(line, _AROUND), None) is None:
            fault = "it is never due"
    except CronSimError as error:
        fault = str(error).lower()
    if fault is not None:
        detail = f"Not a cron line ({fault}); write one such as '0 6 * * 1-5'."
        yield Problem(pointer=pointer, code="INVALID_CRON", detail=detail)


def _interval_problems(text: str, pointer: str) -> Iterator[Problem]:
    every_s = read_interval(text)
    if every_s is None or not INTERVAL_S_MIN <= every_s <= WAIT_S_MAX:
        detail = (
            f"Write whole seconds, from {INTERVAL_S_MIN} to {WAIT_S_MAX:.0f},"
            " or words such as '5 minutes', '1 hour', '2 days'."
        )
        yield Problem(pointer=pointer, code="INVALID_INTERVAL", detail=detail)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; no name at all; a folder of zones
        return False
    return True
