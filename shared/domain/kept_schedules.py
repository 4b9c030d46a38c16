"""A schedule as it is kept: whose it is, when it is due, and what has come of it so far."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.domain.ids import EnvironmentId, ExecutionId, ScheduleId, StepId, WorkflowId
from shared.domain.schedules import Schedule


class StepOwner(NamedTuple):
    """The execution whose step has set a schedule up."""

    execution_id: ExecutionId
    step_id: StepId


class Pause(NamedTuple):
    """Since when, by whom and why nothing starts."""

    at: datetime
    by: str
    note: str | None


class LastRun(NamedTuple):
    """The execution started last: for which time, and when it was told to start."""

    due_at: datetime
    execution_id: ExecutionId
    started_at: datetime


class SkipReason(StrEnum):
    """Why nothing started for a time.

    ``MISSED``: nobody looked then, and ``catch_up`` does not ask for it. ``UNDER_WAY``: the
    execution before had not ended. ``QUEUE_FULL``: neither had it, and another time waits for that.
    ``SUPERSEDED``: a later time came at once, and would have cancelled it.
    """

    MISSED = "MISSED"
    UNDER_WAY = "UNDER_WAY"
    QUEUE_FULL = "QUEUE_FULL"
    SUPERSEDED = "SUPERSEDED"


class Skipped(NamedTuple):
    """A time that was passed over."""

    due_at: datetime
    reason: SkipReason


class Kept(NamedTuple):
    """A schedule of a workflow's trigger, which is named, or of a step of an execution of it.

    ``next_at`` None: it is never due again. ``run_at``: what is due then starts then. What waits
    for the end of the last execution was due at ``queued_at``. ``is_resting``: its workflow is not
    live.
    """

    id: ScheduleId
    workflow_id: WorkflowId
    environment_id: EnvironmentId
    workflow_version: int
    schedule: Schedule
    next_at: datetime | None
    run_at: datetime | None
    owner: str | StepOwner
    is_resting: bool = False
    pause: Pause | None = None
    last: LastRun | None = None
    queued_at: datetime | None = None
    skipped: Skipped | None = None
