"""When schedules are due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.schedules import last_due, next_due
from shared.domain.workflows import Schedule

NIGHTLY = Schedule(kind="cron", value="30 2 * * *", timezone="Europe/Berlin")
START = datetime(2020, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 15 * 365 * 86_400).map(lambda s: START + timedelta(seconds=s))
SCHEDULES = st.sampled_from(
    [
        NIGHTLY,
        Schedule(kind="cron", value="*/5 * * * *"),
        Schedule(kind="cron", value="0 0 29 2 *"),
        Schedule(kind="interval", value="60"),
        Schedule(kind="interval", value="86399"),
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
    once = Schedule(kind="once", value="2026-12-01T00:00:00Z")
    at = datetime(2026, 12, 1, tzinfo=UTC)
    assert next_due(once, at - timedelta(seconds=1)) == at
    assert next_due(once, at) is None
