"""When a schedule is due."""

from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim

from shared.domain.schedules import (
    EPOCH,
    Schedule,
    ScheduleKind,
    read_calendar,
    read_cron,
    read_interval,
)
from shared.domain.wall_times import followed_times, named_times, wall_at

_TICK: Final = timedelta(microseconds=1)
_EVERY_MONTH_DAY: Final = 28
_DAY_FIELDS: Final = 3
_CHANCE: Final = 2**32


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time later than ``after``, in UTC; None: never again."""
    return next(due_times(schedule, after), None)


def due_times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The times later than ``after``, ascending, in UTC; there may be no end to them.

    Days and cron lines are those of the schedule's zone. A cron line of which a field for the time
    of day begins with ``*`` follows the clock on the wall; every other one, and a day's time, comes
    once for each day and time that it names, whatever the clock does.
    """
    if schedule.starts_at is not None:
        after = max(after, schedule.starts_at - _TICK)
    found = _times(schedule, after.astimezone(UTC))
    ends_at = schedule.ends_at
    return found if ends_at is None else takewhile(lambda at: at <= ends_at, found)


def latest_due(schedule: Schedule, first: datetime, now: datetime, most: int) -> list[datetime]:
    """The latest times up to ``now``, ascending and ``most`` of them at most.

    ``first`` is one, also where a zone's rules have changed since it was found. The others are
    found by halving, however many times there are between.
    """
    found = [first, *_up_to(schedule, first, now, 2 * most)]
    if len(found) <= 2 * most:
        return found[-most:]
    low, high = first, now
    while True:
        middle = low + (high - low) / 2
        found = _up_to(schedule, middle, now, 2 * most)
        if len(found) == 2 * most:
            low = middle
        elif len(found) < most:
            high = middle
        else:
            return found[-most:]


def _up_to(schedule: Schedule, after: datetime, now: datetime, most: int) -> list[datetime]:
    times = takewhile(lambda at: at <= now, due_times(schedule, after))
    return list(islice(times, most))


def run_at(schedule: Schedule, due_at: datetime, execution: UUID) -> datetime:
    """When what is due at ``due_at`` starts: up to ``jitter_s`` later, as ``execution`` says.

    It is the id of the execution that is to start then, so that everybody finds the same. What is
    due next never comes before it.
    """
    if schedule.jitter_s == 0.0:
        return due_at
    most, following = timedelta(seconds=schedule.jitter_s), next_due(schedule, due_at)
    if following is not None:
        most = min(most, following - due_at)
    return due_at + most * (execution.int % _CHANCE / _CHANCE)


def _times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    value, zone = schedule.value or "", ZoneInfo(schedule.timezone)
    match schedule.kind:
        case ScheduleKind.MANUAL:
            return iter(())
        case ScheduleKind.INTERVAL:
            return _interval_times(read_interval(value) or 0, after)
        case ScheduleKind.ONCE:
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
            return iter((at,) if at > after else ())
        case ScheduleKind.CRON:
            line = read_cron(value)
            if any(field.startswith("*") for field in line.split()[:-_DAY_FIELDS]):
                return followed_times(line, zone, after)
            return named_times(CronSim(line, wall_at(zone, after)), zone, after)
        case _:
            walls = _calendar_walls(schedule.kind, value, wall_at(zone, after))
            return named_times(walls, zone, after)


def _interval_times(every_s: int, after: datetime) -> Iterator[datetime]:
    every = timedelta(seconds=every_s)
    at = EPOCH + ((after - EPOCH) // every + 1) * every
    while True:
        yield at
        at += every


def _calendar_walls(kind: ScheduleKind, value: str, after: datetime) -> Iterator[datetime]:
    """The times on the wall of a daily, weekly or monthly schedule."""
    said = read_calendar(kind, value)
    assert said is not None, "the definition was checked"
    at = f"{int(said['minute'])} {int(said['hour'])}"
    if kind is ScheduleKind.DAILY:
        return CronSim(f"{at} * * *", after)
    if kind is ScheduleKind.WEEKLY:
        return CronSim(f"{at} * * {said['days'].lower()}", after)
    days = {int(day) for day in said["days"].split(",")}
    line = f"{at} {said['days']},{_EVERY_MONTH_DAY}-31 * *"
    return (found for found in CronSim(line, after) if _is_on(found, days))


def _is_on(at: datetime, days: Collection[int]) -> bool:
    """Whether it is one of ``days``, or the last day of a month that has not all of them."""
    last = monthrange(at.year, at.month)[1]
    return at.day in days or (at.day == last < max(days))
