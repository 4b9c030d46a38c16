"""From times on a zone's wall clock to instants, also where that clock is put forward or back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
"""No zone changes its clock twice within it."""


def wall_at(zone: ZoneInfo, instant: datetime) -> datetime:
    """What the clock on the wall shows, as a naive time."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def named_times(walls: Iterator[datetime], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The instants of ``walls``, which ascend, that are later than ``after``; each once.

    A time that the clock skips comes at once when it has skipped it. Of a time that comes twice the
    first counts.
    """
    for wall in walls:
        at = _first_instant(zone, wall)
        if at > after:
            yield at
            after = at


def followed_times(line: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The instants after ``after`` at which the clock on the wall shows what a cron line says.

    What the clock skips never comes, and what it shows twice comes twice.
    """
    after = after.replace(microsecond=0)
    offset = _offset(zone, after)
    while (wall := next(CronSim(line, _naive(after + offset)), None)) is not None:
        at = (wall - offset).replace(tzinfo=UTC)
        change = _next_change(zone, offset, after, at)
        if change is None:
            yield at
            after = at
        else:
            after, offset = change - _SECOND, _offset(zone, change)


def _first_instant(zone: ZoneInfo, wall: datetime) -> datetime:
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if wall_at(zone, at) == wall:
        return at
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    change = _next_change(zone, _offset(zone, before), before, at)
    assert change is not None, "a time that the clock skips lies on both sides of a change"
    return change


def _next_change(
    zone: ZoneInfo, offset: timedelta, after: datetime, until: datetime
) -> datetime | None:
    """From when on, later than ``after`` and up to ``until``, a zone has not ``offset``."""
    low = after
    while low < until:
        high = min(low + _DAY, until)
        if _offset(zone, high) != offset:
            return _bisected(zone, offset, low, high)
        low = high
    return None


def _bisected(zone: ZoneInfo, offset: timedelta, low: datetime, high: datetime) -> datetime:
    """The first whole second later than ``low`` without ``offset``; ``high`` has not."""
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None, "every zone has an offset"
    return offset


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
