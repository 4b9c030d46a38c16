"""What a schedule starts when its time has come: which of the times, and which it passes over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.db.schedules import Due
from shared.domain.due_times import latest_due, run_at
from shared.domain.ids import ExecutionId
from shared.domain.kept_schedules import Kept, LastRun, Skipped, SkipReason
from shared.domain.schedules import CatchUp, Overlap
from shared.wire.due_starts import deferred, run_id

LATE: Final = timedelta(minutes=1)
"""What is later than this was missed, for a schedule that does not catch up."""


class Runs(NamedTuple):
    """The times for which executions start, which one is cancelled before, and what is left."""

    start: Sequence[datetime]
    cancel: ExecutionId | None
    skipped: Sequence[Skipped]
    kept: Kept


def decide_runs(due: Due, now: datetime) -> Runs:
    """For a schedule whose time has come, or one of which a time has waited long enough."""
    kept = due.kept
    came = _came(kept, now)
    chosen, missed = _caught_up(kept, came, now)
    waiting = () if kept.queued_at is None else (kept.queued_at,)
    runs = _in_turn(kept, [*waiting, *chosen], is_under_way=due.is_under_way)
    skipped = [*missed, *runs.skipped]
    left = runs.kept._replace(skipped=skipped[-1] if skipped else kept.skipped)
    if runs.start:
        at = runs.start[-1]
        left = left._replace(last=LastRun(at, run_id(kept, at), now))
    return runs._replace(skipped=skipped, kept=deferred(left, came[-1]) if came else left)


def _came(kept: Kept, now: datetime) -> list[datetime]:
    """The latest times that have come, as many as there may be use for and two more."""
    if kept.next_at is None or kept.run_at is None or kept.run_at > now:
        return []
    came = latest_due(kept.schedule, kept.next_at, now, _most(kept) + 2)
    if len(came) > 1 and run_at(kept.schedule, came[-1], run_id(kept, came[-1])) > now:
        came.pop()
    return came


def _most(kept: Kept) -> int:
    return kept.schedule.catch_up_max if kept.schedule.catch_up is CatchUp.ALL else 1


def _caught_up(
    kept: Kept, came: Sequence[datetime], now: datetime
) -> tuple[Sequence[datetime], Sequence[Skipped]]:
    """Those of the times that are made up for, and the last one of those that are not."""
    chosen = came[-_most(kept) :]
    if kept.schedule.catch_up is CatchUp.SKIP:
        chosen = [at for at in chosen if now - run_at(kept.schedule, at, run_id(kept, at)) <= LATE]
    left_out = came[: len(came) - len(chosen)]
    return chosen, [Skipped(at, SkipReason.MISSED) for at in left_out[-1:]]


def _in_turn(kept: Kept, times: Sequence[datetime], *, is_under_way: bool) -> Runs:
    """One time after another, each with regard to those before it."""
    overlap, start, skipped, waiting = kept.schedule.overlap, list[datetime](), [], None
    for at in times:
        if overlap is Overlap.ALLOW or not (is_under_way or start):
            start.append(at)
        elif overlap is Overlap.CANCEL:
            skipped += [Skipped(sooner, SkipReason.SUPERSEDED) for sooner in start]
            start = [at]
        elif overlap is Overlap.QUEUE and waiting is None:
            waiting = at
        else:
            is_full = overlap is Overlap.QUEUE
            skipped.append(Skipped(at, SkipReason.QUEUE_FULL if is_full else SkipReason.UNDER_WAY))
    last = kept.last.execution_id if kept.last and is_under_way else None
    is_told = overlap is Overlap.CANCEL and last not in [run_id(kept, at) for at in start]
    return Runs(
        start, last if is_told and start else None, skipped, kept._replace(queued_at=waiting)
    )
