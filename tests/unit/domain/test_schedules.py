"""When schedules are due."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.due_times import due_times, latest_due, next_due, run_at
from shared.domain.schedules import Schedule, ScheduleKind

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
    (last,) = latest_due(schedule, first, now, 1)
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


def schedule(kind: ScheduleKind, value: str, **more: Any) -> Schedule:
    """A schedule in UTC, unless it says otherwise."""
    return Schedule(kind=kind, value=value, **more)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("300", 300), ("5 minutes", 300), ("1 Hour", 3_600), ("2 days", 172_800), ("1 week", 604_800)],
)
def test_an_interval_is_said_in_words_or_seconds(words: str, seconds: int) -> None:
    """Both come to the same times, which follow each other by that much."""
    said = schedule(ScheduleKind.INTERVAL, words)
    times = list(islice(due_times(said, START), 3))
    assert times == list(islice(due_times(schedule(said.kind, str(seconds)), START), 3))
    assert times[2] - times[1] == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("@yearly", "2027-01-01T00:00:00"),
        ("@annually", "2027-01-01T00:00:00"),
        ("@monthly", "2026-12-01T00:00:00"),
        ("@weekly", "2026-11-29T00:00:00"),
        ("@daily", "2026-11-23T00:00:00"),
        ("@midnight", "2026-11-23T00:00:00"),
        ("@Hourly", "2026-11-22T11:00:00"),
        ("0 0 L * *", "2026-11-30T00:00:00"),
        ("0 0 LW 1 *", "2027-01-29T00:00:00"),
        ("0 0 * * MON#2", "2026-12-14T00:00:00"),
        ("0 0 * * 5L", "2026-11-27T00:00:00"),
        ("0 6 * JAN,feb Mon-fri", "2027-01-01T06:00:00"),
        ("* * * * * *", "2026-11-22T10:30:01"),
        ("15 */20 * * * *", "2026-11-22T10:40:15"),
    ],
)
def test_a_cron_line_has_aliases_names_seconds_and_last_days(line: str, expected: str) -> None:
    """From half past ten on 22 November 2026, a Sunday."""
    due = next_due(schedule(ScheduleKind.CRON, line), datetime(2026, 11, 22, 10, 30, tzinfo=UTC))
    assert f"{due:%Y-%m-%dT%H:%M:%S}" == expected


def test_a_schedule_is_due_within_its_span_only() -> None:
    """Both ends count; in whatever zone they are written."""
    text = (
        '{"kind":"daily","value":"06:00","starts_at":"2026-12-01T07:00:00+01:00",'
        '"ends_at":"2026-12-03T06:00:00Z"}'
    )
    times = due_times(Schedule.model_validate_json(text), START)
    assert [f"{at:%m-%dT%H}" for at in times] == ["12-01T06", "12-02T06", "12-03T06"]


@given(jitter_s=st.floats(1, 86_400), n=st.integers(0, 100), drawn=st.uuids())
def test_a_start_is_put_off_by_chance_that_everybody_shares(
    jitter_s: float, n: int, drawn: UUID
) -> None:
    """By less than it may be, never up to the next time, and always by the same."""
    every = schedule(ScheduleKind.INTERVAL, "600", jitter_s=jitter_s)
    at = START + n * timedelta(seconds=600)
    start = run_at(every, at, drawn)
    assert at <= start < at + timedelta(seconds=min(600.0, jitter_s))
    assert start == run_at(every, at, drawn)


def test_starts_are_spread_evenly() -> None:
    """Of a thousand schedules at one time about half start in the first half of their jitter."""
    every = schedule(ScheduleKind.INTERVAL, "600", jitter_s=100.0)
    ids = [uuid5(UUID(int=1), str(n)) for n in range(1_000)]
    early = sum(run_at(every, START, id_) - START < timedelta(seconds=50) for id_ in ids)
    assert 400 < early < 600


def test_what_says_nothing_new_is_written_as_before() -> None:
    """The text of a schedule tells whether it changed, and a definition's makes its revision."""
    old = '{"kind":"cron","value":"0 2 * * *","timezone":"UTC"}'
    assert Schedule.model_validate_json(old).model_dump_json() == old
    new = '{"kind":"once","value":"x","timezone":"UTC","jitter_s":5.0,"catch_up":"all",'
    new += '"catch_up_max":3,"overlap":"queue"}'
    assert Schedule.model_validate_json(new).model_dump_json() == new


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize("line", ["* * * * * *", "* * * 1 1 *", "*/5 * * * *", "0 0 29 2 1"])
def test_the_latest_times_of_decades_are_found_at_once(line: str, most: int) -> None:
    """As many as are asked for, the very last ones; not by counting all of them."""
    said = schedule(ScheduleKind.CRON, line)
    first, now = next_due(said, START), START + timedelta(days=15 * 365)
    assert first is not None
    found = latest_due(said, first, now, most)
    assert len(found) == most or found[0] == first
    later = next_due(said, found[-1])
    assert later is None or later > now
    assert found == list(islice(due_times(said, found[0] - timedelta(seconds=1)), len(found)))


def test_a_time_that_is_none_any_more_still_counts() -> None:
    """A zone's rules change: what was to come is dealt with, and what follows goes by the new."""
    odd = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    assert latest_due(NIGHTLY, odd, odd, 1) == [odd]
