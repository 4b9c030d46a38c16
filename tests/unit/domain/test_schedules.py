"""When schedules are due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.schedules import Schedule, ScheduleKind, last_due, next_due

NIGHTLY = Schedule(kind=ScheduleKind.CRON, value="30 2 * * *", timezone="Europe/Berlin")
START = datetime(2020, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 15 * 365 * 86_400).map(lambda s: START + timedelta(seconds=s))
SCHEDULES = st.sampled_from(
    [
        NIGHTLY,
        Schedule(kind=ScheduleKind.CRON, value="*/5 * * * *"),
        Schedule(kind=ScheduleKind.CRON, value="0 0 29 2 *"),
        Schedule(kind=ScheduleKind.INTERVAL, value="60"),
        Schedule(kind=ScheduleKind.INTERVAL, value="86399"),
        Schedule(kind=ScheduleKind.DAILY, value="2:30", timezone="Europe/Berlin"),
        Schedule(kind=ScheduleKind.WEEKLY, value="sun,Mon 00:00", timezone="Asia/Kolkata"),
        Schedule(kind=ScheduleKind.MONTHLY, value="1,30 23:59", timezone="America/New_York"),
    ]
)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-22T00:00:00+00:00", "2026-11-22T01:30:00+00:00"),
        ("2026-11-22T01:30:00+00:00", "2026-11-23T01:30:00+00:00"),
        ("2026-07-01T00:30:00+00:00", "2026-07-02T00:30:00+00:00"),
        # the hour that is skipped: once, right after it; the hour that comes twice: once
        ("2026-03-28T12:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
    ],
)
def test_a_cron_line_is_read_in_its_zone(after: str, expected: str) -> None:
    """Half past two at night in Berlin, also around the changes of the clock."""
    found = next_due(NIGHTLY, datetime.fromisoformat(after))
    assert found == datetime.fromisoformat(expected)


@given(schedule=SCHEDULES, after=INSTANTS)
def test_due_times_ascend(schedule: Schedule, after: datetime) -> None:
    """The next time is later than the one asked from."""
    first = next_due(schedule, after)
    assert first is not None
    assert first > after
    second = next_due(schedule, first)
    assert second is not None
    assert second > first


@given(schedule=SCHEDULES, after=INSTANTS, away_s=st.integers(0, 20 * 86_400))
def test_after_an_outage_the_last_missed_time_counts(
    schedule: Schedule, after: datetime, away_s: int
) -> None:
    """It is due, it is not in the future, and nothing is due between it and now."""
    first = next_due(schedule, after)
    assert first is not None
    now = first + timedelta(seconds=away_s)
    last = last_due(schedule, first, now)
    assert first <= last <= now
    later = next_due(schedule, last)
    assert later is None or later > now


def test_once_is_once() -> None:
    """An instant is due until it has come."""
    once = Schedule(kind=ScheduleKind.ONCE, value="2026-12-01T00:00:00Z")
    at = datetime(2026, 12, 1, tzinfo=UTC)
    assert next_due(once, at - timedelta(seconds=1)) == at
    assert next_due(once, at) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ScheduleKind.DAILY, "06:30", ["01-31T06:30", "02-01T06:30", "02-02T06:30"]),
        (ScheduleKind.WEEKLY, "mon,WED 6:05", ["02-01T06:05", "02-03T06:05", "02-08T06:05"]),
        (ScheduleKind.MONTHLY, "1,15 06:00", ["02-01T06:00", "02-15T06:00", "03-01T06:00"]),
        # a month without such a day is due on its last one, and only once
        (ScheduleKind.MONTHLY, "31 00:00", ["01-31T00:00", "02-28T00:00", "03-31T00:00"]),
        (ScheduleKind.MONTHLY, "29,30,31 00:00", ["01-31T00:00", "02-28T00:00", "03-29T00:00"]),
        (ScheduleKind.MONTHLY, "28,30 00:00", ["02-28T00:00", "03-28T00:00", "03-30T00:00"]),
    ],
)
def test_days_are_counted_by_the_calendar(
    kind: ScheduleKind, value: str, expected: list[str]
) -> None:
    """From the evening of 30 January 2027, a Saturday."""
    at, found = datetime(2027, 1, 30, 20, tzinfo=UTC), []
    for _ in expected:
        due = next_due(Schedule(kind=kind, value=value), at)
        assert due is not None
        at = due
        found.append(f"{at:%m-%dT%H:%M}")
    assert found == expected


def test_a_leap_day_is_a_last_day() -> None:
    """In 2028 the thirtieth of February is the twenty-ninth; in the schedule's own zone."""
    schedule = Schedule(kind=ScheduleKind.MONTHLY, value="30 00:00", timezone="Asia/Tokyo")
    due = next_due(schedule, datetime(2028, 2, 1, tzinfo=UTC))
    assert due == datetime(2028, 2, 28, 15, tzinfo=UTC)


def test_a_manual_schedule_is_never_due() -> None:
    """It says only that nothing else is."""
    assert next_due(Schedule(kind=ScheduleKind.MANUAL), START) is None
