"""The resource of a schedule."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from shared.domain.due_times import due_times, run_at
from shared.domain.kept_schedules import Kept, StepOwner
from shared.domain.schedules import Schedule
from shared.wire.documents.schedules import DueTimesDocument, ScheduleDocument
from shared.wire.due_starts import run_id
from shared.wire.envelope import stamp, stamped

_TICK: Final = timedelta(microseconds=1)


def render_schedule(kept: Kept) -> ScheduleDocument:
    """A schedule as callers see it."""
    owner, schedule = kept.owner, kept.schedule
    pause, last, skipped = kept.pause, kept.last, kept.skipped
    step = owner if isinstance(owner, StepOwner) else None
    return {
        "id": str(kept.id),
        "environment_id": str(kept.environment_id),
        "workflow_id": str(kept.workflow_id),
        "workflow_version": kept.workflow_version,
        "trigger_id": None if isinstance(owner, StepOwner) else owner,
        "execution_id": None if step is None else str(step.execution_id),
        "step_id": None if step is None else step.step_id,
        "kind": schedule.kind,
        "value": schedule.value,
        "timezone": schedule.timezone,
        "starts_at": stamped(schedule.starts_at),
        "ends_at": stamped(schedule.ends_at),
        "jitter_s": schedule.jitter_s,
        "catch_up": schedule.catch_up,
        "catch_up_max": schedule.catch_up_max,
        "overlap": schedule.overlap,
        "next_at": stamped(kept.next_at),
        "run_at": stamped(kept.run_at),
        "is_resting": kept.is_resting,
        "pause": pause and {"at": stamp(pause.at), "by": pause.by, "note": pause.note},
        "last": last
        and {
            "due_at": stamp(last.due_at),
            "execution_id": str(last.execution_id),
            "started_at": stamp(last.started_at),
        },
        "queued_at": stamped(kept.queued_at),
        "skipped": skipped and {"due_at": stamp(skipped.due_at), "reason": skipped.reason},
    }


def render_next(kept: Kept, now: datetime, count: int) -> DueTimesDocument:
    """The times that are still to start, also one that was due before ``now``; no pause counts."""
    waits = kept.next_at is not None and kept.run_at is not None and kept.run_at > now
    after = kept.next_at - _TICK if waits and kept.next_at is not None else now
    times = islice(due_times(kept.schedule, after), count)
    return _rendered((at, run_at(kept.schedule, at, run_id(kept, at))) for at in times)


def render_unsaved(schedule: Schedule, now: datetime, count: int) -> DueTimesDocument:
    """The times of a schedule that is nobody's: how much later one starts is not known."""
    times = islice(due_times(schedule, now), count)
    return _rendered((at, None if schedule.jitter_s else at) for at in times)


def _rendered(times: Iterable[tuple[datetime, datetime | None]]) -> DueTimesDocument:
    return {"items": [{"at": stamp(at), "run_at": stamped(start)} for at, start in times]}
