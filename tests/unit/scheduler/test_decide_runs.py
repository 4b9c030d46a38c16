"""Which of the times of a schedule start something, and which are passed over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.decide_runs import LATE, Runs, decide_runs
from shared.db.schedules import Due
from shared.domain.due_times import due_times, next_due, run_at
from shared.domain.ids import EnvironmentId, ExecutionId, ScheduleId, WorkflowId
from shared.domain.kept_schedules import Kept, LastRun, SkipReason
from shared.domain.schedules import CatchUp, Overlap, Schedule, ScheduleKind
from shared.wire.due_starts import deferred, run_id

FIRST = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
ID = UUID(int=7)


def kept(**fields: Any) -> Kept:
    """An hourly schedule that is due at ``FIRST``."""
    said: dict[str, Any] = {"kind": ScheduleKind.INTERVAL, "value": "1 hour"}
    fresh = Kept(
        id=ScheduleId(ID),
        workflow_id=WorkflowId(ID),
        environment_id=EnvironmentId(ID),
        workflow_version=1,
        schedule=Schedule(**{**said, **fields}),
        next_at=None,
        run_at=None,
        owner="t0",
    )
    return deferred(fresh, FIRST - timedelta(seconds=1))


def decided(one: Kept, hours: float, *, is_under_way: bool = False) -> Runs:
    """So many hours after the first time; the one before it is under way, or has ended."""
    last = LastRun(FIRST - HOUR, ExecutionId(UUID(int=1)), FIRST - HOUR)
    due = Due(one._replace(last=one.last or last), None, is_under_way)
    return decide_runs(due, FIRST + hours * HOUR)


def hours(*at: datetime) -> list[int]:
    """As hours after the first time."""
    return [(each - FIRST) // HOUR for each in at]


def told(runs: Runs) -> tuple[list[int], list[tuple[int, str]]]:
    """What starts, and what is passed over and why."""
    skipped = [(hours(one.due_at)[0], one.reason.value) for one in runs.skipped]
    return hours(*runs.start), skipped


@pytest.mark.parametrize(
    ("said", "late", "start", "skipped"),
    [
        ({}, 0, [0], []),
        ({}, 3.5, [3], [(2, "MISSED")]),
        ({"catch_up": CatchUp.ALL}, 3.5, [0, 1, 2, 3], []),
        ({"catch_up": CatchUp.ALL, "catch_up_max": 4}, 3.5, [0, 1, 2, 3], []),
        ({"catch_up": CatchUp.ALL, "catch_up_max": 2}, 3.5, [2, 3], [(1, "MISSED")]),
        (
            {"catch_up": CatchUp.ALL, "catch_up_max": 2},
            10_000,
            [9_999, 10_000],
            [(9_998, "MISSED")],
        ),
        ({"catch_up": CatchUp.SKIP}, 0.01, [0], []),
        ({"catch_up": CatchUp.SKIP}, 0.1, [], [(0, "MISSED")]),
        ({"catch_up": CatchUp.SKIP}, 3.5, [], [(3, "MISSED")]),
        ({"catch_up": CatchUp.SKIP}, 3, [3], [(2, "MISSED")]),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_schedule_says(
    said: dict[str, Any], late: float, start: list[int], skipped: list[tuple[int, str]]
) -> None:
    """The last, none or the latest so many; and the next time is the one after now."""
    runs = decided(kept(**said), late)
    assert told(runs) == (start, skipped)
    assert runs.kept.next_at == next_due(runs.kept.schedule, FIRST + late * HOUR)


ALL = {"catch_up": CatchUp.ALL}


@pytest.mark.parametrize(
    ("overlap", "late", "is_under_way", "start", "queued", "skipped"),
    [
        (Overlap.ALLOW, 1, True, [0, 1], None, []),
        (Overlap.SKIP, 0, False, [0], None, []),
        (Overlap.SKIP, 0, True, [], None, [(0, "UNDER_WAY")]),
        (Overlap.SKIP, 1, False, [0], None, [(1, "UNDER_WAY")]),
        (Overlap.QUEUE, 0, False, [0], None, []),
        (Overlap.QUEUE, 0, True, [], 0, []),
        (Overlap.QUEUE, 2, True, [], 0, [(1, "QUEUE_FULL"), (2, "QUEUE_FULL")]),
        (Overlap.QUEUE, 2, False, [0], 1, [(2, "QUEUE_FULL")]),
        (Overlap.CANCEL, 0, False, [0], None, []),
        (Overlap.CANCEL, 0, True, [0], None, []),
        (Overlap.CANCEL, 1, True, [1], None, [(0, "SUPERSEDED")]),
    ],
)
def test_a_time_that_comes_too_early_is_dealt_with_as_the_schedule_says(
    overlap: Overlap,
    late: int,
    *,
    is_under_way: bool,
    start: list[int],
    queued: int | None,
    skipped: list[tuple[int, str]],
) -> None:
    """Also where several come at once; what is under way is cancelled where that is asked for."""
    runs = decided(kept(overlap=overlap, **ALL), late, is_under_way=is_under_way)
    assert told(runs) == (start, skipped)
    assert runs.kept.queued_at == (None if queued is None else FIRST + queued * HOUR)
    cancels = overlap is Overlap.CANCEL and is_under_way
    assert (runs.cancel is not None) == cancels
    if start:
        assert runs.kept.last is not None
        assert runs.kept.last.execution_id == run_id(runs.kept, runs.start[-1])


def test_what_waits_starts_once_nothing_is_under_way() -> None:
    """It comes before the time that has come meanwhile, which then waits for it."""
    waiting = decided(kept(overlap=Overlap.QUEUE), 0, is_under_way=True).kept
    freed = decide_runs(Due(waiting, None), FIRST + HOUR / 2)
    assert (hours(*freed.start), freed.kept.queued_at) == ([0], None)
    assert freed.kept.next_at == FIRST + HOUR
    both = decide_runs(Due(waiting, None), FIRST + HOUR)
    assert (hours(*both.start), both.kept.queued_at) == ([0], FIRST + HOUR)
    full = decide_runs(Due(waiting, None, is_under_way=True), FIRST + HOUR)
    assert (full.kept.queued_at, full.kept.skipped) == (FIRST, (FIRST + HOUR, "QUEUE_FULL"))


def test_what_is_fired_again_is_not_cancelled_by_itself() -> None:
    """A time that comes again, since its row was not written, is the same execution."""
    one = kept(overlap=Overlap.CANCEL)
    last = LastRun(FIRST, run_id(one, FIRST), FIRST)
    runs = decided(one._replace(last=last), 0, is_under_way=True)
    assert (hours(*runs.start), runs.cancel) == ([0], None)


def test_the_end_of_a_schedule_leaves_what_waits() -> None:
    """The last time of it may have to wait; nothing is due after it."""
    one = kept(overlap=Overlap.QUEUE, ends_at=FIRST)
    left = decided(one, 0, is_under_way=True).kept
    assert (left.next_at, left.run_at, left.queued_at) == (None, None, FIRST)


SCHEDULES = st.sampled_from(
    [
        {"value": "1 hour"},
        {"value": "1 hour", "jitter_s": 600.0},
        {"value": "1 hour", "jitter_s": 86_400.0},
        {"kind": ScheduleKind.CRON, "value": "*/7 * * * *", "jitter_s": 500.0},
        {"kind": ScheduleKind.CRON, "value": "*/10 0-59/2 * * * *", "timezone": "Europe/Berlin"},
    ]
)


@given(said=SCHEDULES, waits_s=st.lists(st.integers(1, 20_000), min_size=1, max_size=30))
def test_every_time_is_dealt_with_once(said: dict[str, Any], waits_s: list[int]) -> None:
    """However late and unevenly somebody looks: with room for all, all start, in order."""
    one = kept(catch_up=CatchUp.ALL, catch_up_max=100, **said)
    start, now, started, skips = one.next_at, FIRST, list[datetime](), 0
    assert start is not None
    for wait_s in waits_s:
        now += timedelta(seconds=wait_s)
        if one.run_at is None or one.run_at > now:
            continue
        runs = decide_runs(Due(one, None), now)
        assert runs.start
        assert all(run_at(one.schedule, at, run_id(one, at)) <= now for at in runs.start)
        started += runs.start
        skips += len(runs.skipped)
        one = runs.kept
        assert one.run_at is not None
        assert now < one.run_at
    assert started == sorted(set(started))
    if not skips and started:
        times = due_times(one.schedule, start - timedelta(seconds=1))
        assert started == [next(times) for _ in started]


def test_a_minute_is_not_late() -> None:
    """A schedule that does not catch up allows for a scheduler that is busy, or comes back soon."""
    one = kept(catch_up=CatchUp.SKIP)
    in_time = decide_runs(Due(one, None), FIRST + LATE)
    too_late = decide_runs(Due(one, None), FIRST + LATE + timedelta(seconds=1))
    assert hours(*in_time.start) == [0]
    assert [skipped.reason for skipped in too_late.skipped] == [SkipReason.MISSED]
