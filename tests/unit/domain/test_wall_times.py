"""What the wall clock shows where it is put forward or back, against every minute looked at."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.due_times import due_times, next_due
from shared.domain.schedules import Schedule, ScheduleKind

MINUTE = timedelta(minutes=1)
SPAN = timedelta(days=3)
# A zone, and a day before its clock changes: forward, back; by an hour, half of one, two, a day;
# at midnight; because its rules were changed for good.
CHANGES = (
    ("Europe/Berlin", "2026-03-28"),
    ("Europe/Berlin", "2026-10-24"),
    ("America/New_York", "2026-03-07"),
    ("America/New_York", "2026-10-31"),
    ("America/St_Johns", "2026-03-07"),
    ("Australia/Lord_Howe", "2026-04-03"),
    ("Australia/Lord_Howe", "2026-10-02"),
    ("Africa/Cairo", "2026-04-23"),
    ("Africa/Cairo", "2026-10-28"),
    ("America/Havana", "2026-03-07"),
    ("Africa/Casablanca", "2026-02-14"),
    ("Africa/Casablanca", "2026-03-21"),
    ("Antarctica/Troll", "2026-03-28"),
    ("Antarctica/Troll", "2026-10-24"),
    ("Asia/Pyongyang", "2015-08-14"),
    ("Asia/Pyongyang", "2018-05-03"),
    ("America/Caracas", "2016-04-30"),
    ("Europe/Volgograd", "2018-10-27"),
    ("Pacific/Apia", "2011-12-29"),
    ("Asia/Kolkata", "2026-03-28"),
)
PLACES = st.sampled_from(CHANGES)
MINUTES = st.sets(st.integers(0, 59), min_size=1, max_size=4)
HOURS = st.sets(st.integers(0, 23), min_size=1, max_size=6)


def walls(zone: ZoneInfo, start: datetime) -> list[tuple[datetime, datetime]]:
    """Each minute of the span, and what the wall clock shows then."""
    instants = [start + n * MINUTE for n in range(SPAN // MINUTE + 1)]
    return [(at, at.astimezone(zone).replace(tzinfo=None, fold=0)) for at in instants]


def listed(values: Collection[int]) -> str:
    """As a field of a cron line."""
    return ",".join(map(str, sorted(values)))


def found(line: str, zone: str, start: datetime) -> list[datetime]:
    """When a cron line is due in the span."""
    schedule = Schedule(kind=ScheduleKind.CRON, value=line, timezone=zone)
    return list(takewhile(lambda at: at <= start + SPAN, due_times(schedule, start)))


def began(day: str) -> datetime:
    """The start of a span."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@given(place=PLACES, minutes=MINUTES)
def test_a_line_with_a_star_follows_the_clock(
    place: tuple[str, str], minutes: Collection[int]
) -> None:
    """It is due whenever the clock shows one of its minutes, as often as it does."""
    start = began(place[1])
    shown = walls(ZoneInfo(place[0]), start)
    expected = [at for at, wall in shown if wall.minute in minutes and at > start]
    assert found(f"{listed(minutes)} * * * *", place[0], start) == expected


@given(place=PLACES, minutes=MINUTES, hours=HOURS)
def test_a_line_with_seconds_and_a_star_follows_it_as_well(
    place: tuple[str, str], minutes: Collection[int], hours: Collection[int]
) -> None:
    """Its hours alone, once a second field has a star: here each of a minute's halves."""
    start = began(place[1])
    shown = walls(ZoneInfo(place[0]), start)
    at_full = [at for at, wall in shown if wall.minute in minutes and wall.hour in hours]
    halves = sorted({at + n * timedelta(seconds=30) for at in at_full for n in (0, 1)})
    line = f"*/30 {listed(minutes)} {listed(hours)} * * *"
    assert found(line, place[0], start) == [at for at in halves if start < at <= start + SPAN]


@given(place=PLACES, minutes=MINUTES, hours=HOURS, seconds=st.booleans())
def test_a_line_that_names_its_times_is_due_once_for_each(
    place: tuple[str, str], minutes: Collection[int], hours: Collection[int], *, seconds: bool
) -> None:
    """A time that is skipped comes when it has been, one that comes twice at its first coming."""
    start = began(place[1])
    shown = walls(ZoneInfo(place[0]), start)
    named = [shown[0][1] + n * MINUTE for n in range(1, 3 * SPAN // MINUTE)]
    first = {wall: at for at, wall in reversed(shown)}
    expected = {
        first.get(wall) or next((at for at, seen in shown if seen > wall), None)
        for wall in named
        if wall.minute in minutes and wall.hour in hours
    }
    line = f"{'0 ' if seconds else ''}{listed(minutes)} {listed(hours)} * * *"
    assert found(line, place[0], start) == sorted(filter(None, expected))


@given(place=PLACES, after_s=st.integers(0, 3 * 86_400), minutes=MINUTES, star=st.booleans())
def test_asking_again_from_any_time_finds_the_rest(
    place: tuple[str, str], after_s: int, minutes: Collection[int], *, star: bool
) -> None:
    """Nothing is missed or doubled between two calls: one walk is all walks."""
    line = f"{listed(minutes)} {'*' if star else '0,1,2,3,23'} * * *"
    schedule = Schedule(kind=ScheduleKind.CRON, value=line, timezone=place[0])
    after = began(place[1]) + timedelta(seconds=after_s)
    whole = list(islice(due_times(schedule, began(place[1])), 400))
    rest = [at for at in whole if at > after]
    stepped, at = [], after
    for _ in rest[:40]:
        due = next_due(schedule, at)
        assert due is not None
        assert due > at
        stepped.append(at := due)
    assert stepped == rest[:40]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        # half past two is shown at no time on this night, and at three the clock has skipped it
        (ScheduleKind.DAILY, "2:30", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        (ScheduleKind.WEEKLY, "sun 2:30", ["03-29T01:00", "04-05T00:30", "04-12T00:30"]),
        (ScheduleKind.MONTHLY, "29 2:30", ["03-29T01:00", "04-29T00:30", "05-29T00:30"]),
        # a day by the clock is not a day by the calendar
        (ScheduleKind.INTERVAL, "1 day", ["03-28T00:00", "03-29T00:00", "03-30T00:00"]),
    ],
)
def test_days_around_a_change(kind: ScheduleKind, value: str, expected: list[str]) -> None:
    """In Berlin, from the evening of 27 March 2026."""
    schedule = Schedule(kind=kind, value=value, timezone="Europe/Berlin")
    times = islice(due_times(schedule, datetime(2026, 3, 27, 20, tzinfo=UTC)), 3)
    assert [f"{at:%m-%dT%H:%M}" for at in times] == expected
