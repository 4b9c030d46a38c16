"""When a schedule is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from shared.domain.workflows import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time later than ``after``, in UTC; None: never again.

    A cron line is read in the schedule's zone, as Debian's cron does around changes of the clock.
    An interval counts from 1970, so that every process finds the same times.
    """
    match schedule.kind:
        case "cron":
            local = after.astimezone(ZoneInfo(schedule.timezone))
            found = next(CronSim(schedule.value, local), None)
            return None if found is None else found.astimezone(UTC)
        case "interval":
            every = timedelta(seconds=int(schedule.value))
            return _EPOCH + ((after - _EPOCH) // every + 1) * every
        case "once":
            at = datetime.fromisoformat(schedule.value.upper()).astimezone(UTC)
            return at if at > after else None


def last_due(schedule: Schedule, first: datetime, now: datetime) -> datetime:
    """The latest due time up to ``now``; ``first`` is one, and those between are skipped."""
    last = first
    if now - first > _DAY and (recent := next_due(schedule, now - _DAY)) is not None:
        last = max(first, recent) if recent <= now else first
    while (later := next_due(schedule, last)) is not None and later <= now:
        last = later
    return last
